// attack: queries: asks for one of fifty thousand conditions
// expect: completed
// body: {"code":"LimitExceeded"}
async function onRequest(request, response) {
  try { await db.find('query_too_wide', { $or: new Array(50000).fill({ a: 1 }) }); } catch (error) { response.body = { code: error.code }; }
  response.complete();
}
