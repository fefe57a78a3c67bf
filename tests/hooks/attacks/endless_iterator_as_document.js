// attack: iterators: hands an object with an endless iterator to the API
// expect: completed
// body: {"stored":{"n":1}}
async function onRequest(request, response) {
  const document = { n: 1, *[Symbol.iterator]() { for (;;) yield 1; } };
  await db.insert('endless_iterator', document);
  console.log(document);
  const { n } = await db.findOne('endless_iterator');
  response.body = { stored: { n } };
  response.complete();
}
