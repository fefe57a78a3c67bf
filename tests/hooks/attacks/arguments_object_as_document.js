// attack: coercion: inserts an arguments object and array-likes
// expect: completed
// body: {"stored":{"0":"x","1":{"n":1}}}
async function onRequest(request, response) {
  const document = (function () { return arguments; })('x', { n: 1 });
  const stored = await db.insert('arguments_object_as_document', document);
  response.body = { stored: { 0: stored[0], 1: stored[1] } };
  response.complete();
}
