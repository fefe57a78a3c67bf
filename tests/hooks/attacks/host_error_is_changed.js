// attack: host_errors: changes one error of the host and looks whether the next is changed too
// expect: completed
// body: {"next":"DisallowedQuerySyntax"}
async function onRequest(request, response) {
  const catchOne = async () => { try { await db.find('x', { $where: 1 }); } catch (error) { return error; } };
  const first = await catchOne();
  Object.getPrototypeOf(first).code = 'forged';
  first.code = 'forged';
  const second = await catchOne();
  response.body = { next: second.code };
  response.complete();
}
