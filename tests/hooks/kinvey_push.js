function onRequest(request, response, modules) {
  var push = modules.push, send = push.send, user = { _id: 'u' }, told = [];
  send(user, 'one');
  push.sendMessage([user, user], 'two', function (error, result) {
    told.push(error, result);
    push.sendPayload(user, { alert: 'a' }, { x: 1 }, { y: 2 });
    push.broadcastPayload({ alert: 'a' }, null, { y: 2 });
    push.broadcast('all', function (error, result) {
      told.push(result.id);
      [function () { send(null, 'm'); }, function () { send(user); }, function () { push.broadcastMessage(); }]
        .forEach(function (wrong) { try { wrong(); } catch (error) { told.push(error.name + ': ' + error.message); } });
      response.body = told;
      response.complete();
    });
  });
}
