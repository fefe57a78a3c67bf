// attack: intrinsics: replaces JSON.parse and JSON.stringify
// expect: completed
// body: {"worked":"Emma"}
function onRequest(request, response) {
  JSON.parse = () => ({ forged: true });
  JSON.stringify = () => '{"forged":true}';
  globalThis.JSON = null;
  db.insert('replaced_json', { title: 'Emma' }, function (error, stored) {
    response.headers['x-note'] = { a: 1 };
    response.body = { worked: stored.title };
    response.complete();
  });
}
