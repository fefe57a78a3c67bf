// attack: coercion: passes an object that is another text at each conversion
// expect: completed
// body: {"text":"aaaaaaaaaaaaaaaaaaaaaaaa","turns":1}
function onRequest(request, response, modules) {
  let turns = 0;
  const id = modules.collectionAccess.objectID({ toString: () => (turns++ === 0 ? 'a'.repeat(24) : '../../etc/passwd') });
  response.body = { text: id.toString(), turns };
  response.complete();
}
