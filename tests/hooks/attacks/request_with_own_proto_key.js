// attack: pollution: sends a document with an own __proto__ key through the store
// expect: completed
// body: {"polluted":false}
async function onRequest(request, response) {
  await db.insert('own_proto_key', JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'));
  const found = await db.findOne('own_proto_key');
  response.body = { polluted: {}.polluted === true || found.polluted === true };
  response.complete();
}
