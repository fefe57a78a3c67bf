// attack: queries: queries and updates by __proto__ and constructor
// expect: completed
// body: {"polluted":false,"found":0}
async function onRequest(request, response) {
  await db.insert('query_with_proto_keys', { a: 1 });
  const found = (await db.find('query_with_proto_keys', JSON.parse('{"__proto__.a":1}'))).length;
  try { await db.update('query_with_proto_keys', {}, JSON.parse('{"$set":{"__proto__.polluted":true,"constructor.prototype.polluted":true}}')); } catch { /* refused */ }
  await db.find('query_with_proto_keys');
  response.body = { polluted: {}.polluted === true, found };
  response.complete();
}
