// attack: host_errors: catches the host's error objects with setters on their prototypes
// expect: completed
// body: {"code":"DisallowedQuerySyntax","name":"DisallowedQuerySyntax","caught":0}
function onRequest(request, response) {
  let caught = 0;
  for (const name of ['code', 'name', 'message', 'cause']) {
    Object.defineProperty(Object.prototype, name, { set() { caught++; }, get() { return 'forged'; }, configurable: true });
  }
  db.find('x', { $where: 1 }, function (error) {
    for (const name of ['code', 'name', 'message', 'cause']) delete Object.prototype[name];
    response.body = { code: error.code, name: error.name, caught };
    response.complete();
  });
}
