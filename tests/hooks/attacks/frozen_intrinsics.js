// attack: intrinsics: freezes all intrinsics and the API, so that the host's writes fail
// expect: completed
// body: {"worked":["Emma","DisallowedQuerySyntax","late"]}
function onRequest(request, response, modules) {
  const owners = [Object.prototype, Array.prototype, Function.prototype, Error.prototype, Promise.prototype, Promise, Error, console, db, modules, globalThis];
  for (const owner of owners) try { Object.freeze(owner); } catch { Object.preventExtensions(owner); }
  db.insert('frozen_intrinsics', { title: 'Emma' }, function (error, stored) {
    db.find('x', { $where: 1 }, function (error) {
      setTimeout(function () {
        response.body = { worked: [stored.title, error.code, 'late'] };
        response.complete();
      }, 0);
    });
  });
}
