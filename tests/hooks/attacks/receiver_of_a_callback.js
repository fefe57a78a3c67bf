// attack: identity: reads the host's own record through `this` of a database callback
// expect: completed
// body: {"receivers":["global","global","global"]}
function onRequest(request, response, modules) {
  const receivers = [];
  function note(self) { receivers.push(self === globalThis ? 'global' : Object.keys(self).join()); }
  db.count('receiver_of_a_callback', {}, function () {
    note(this);
    db.find('receiver_of_a_callback', { $nonsense: 1 }, function () {
      note(this);
      setTimeout(function () {
        note(this);
        response.body = { receivers };
        response.complete();
      }, 0);
    });
  });
}
