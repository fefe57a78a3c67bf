// attack: queries: runs code in a query
// expect: completed
// body: {"errors":["DisallowedQuerySyntax","DisallowedQuerySyntax","DisallowedQuerySyntax"]}
async function onRequest(request, response) {
  const errors = [];
  for (const query of [{ $where: 'while(1){}' }, { $and: [{ a: { $not: { $where: '1' } } }] }, { $or: [{ $where: '1' }] }]) {
    try { errors.push(await db.find('query_where', query)); } catch (error) { errors.push(error.code); }
  }
  response.body = { errors };
  response.complete();
}
