// attack: queries: stores documents whose ids are objects, arrays and operators
// expect: completed
// body: {"codes":["BadDocument","BadDocument","BadDocument"]}
async function onRequest(request, response) {
  const codes = [];
  for (const _id of [{ $gt: '' }, ['a'], true]) {
    try { await db.insert('document_with_a_hostile_id', { _id }); codes.push('stored'); } catch (error) { codes.push(error.code); }
  }
  response.body = { codes };
  response.complete();
}
