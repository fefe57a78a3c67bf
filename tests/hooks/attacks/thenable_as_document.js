// attack: thenable: inserts and returns a thenable, which an await would run
// expect: completed
// body: {"called":0}
async function onRequest(request, response) {
  let called = 0;
  const document = { n: 1, then() { called++; } };
  db.insert('thenable_as_document', document, function () {
    response.body = { called };
    response.complete();
  });
}
