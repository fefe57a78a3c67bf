// attack: coercion: inserts a document whose getters throw, loop through the API and change it
// expect: completed
// body: {"refused":"Error","stored":{"a":1}}
async function onRequest(request, response) {
  let refused;
  try { await db.insert('getters_on_a_document', { get a() { throw new Error('trap'); } }); } catch (error) { refused = error.constructor.name; }
  const document = { get a() { delete document.b; db.count('getters_on_a_document', {}, () => {}); return 1; }, b: 2 };
  await db.insert('getters_on_a_document', document);
  const { a, b } = await db.findOne('getters_on_a_document');
  response.body = { refused, stored: { a, b } };
  response.complete();
}
