// attack: queries: uses operators that are not supported, so that none is taken for a field
// expect: completed
// body: {"found":0}
async function onRequest(request, response) {
  await db.insert('query_of_unknown_operators', [{ a: 1 }, { a: 'x'.repeat(40) }]);
  let found = 0;
  for (const query of [{ $expr: { $gt: ['$a', 0] } }, { a: { $regex: '(?=x)x' } }, { $query: {}, $orderby: {} }, { a: { $function: {} } }, { $jsonSchema: {} }, { $text: { $search: 'a' } }, { a: { $type: 1 } }]) {
    try { found += (await db.find('query_of_unknown_operators', query)).length; } catch { /* refused */ }
  }
  response.body = { found };
  response.complete();
}
