// A message to each member of a group: one push and one note each, and a counter that sees them all back.
function onRequest(request, response, modules) {
  var access = modules.collectionAccess, push = modules.push, pending = 0, failed = [];
  access.collection('group').findOne({ _id: request.body.group }, function (err, group) {
    if (err || !group) { response.body = { error: 'no such group' }; response.complete(404); return; }
    var ids = group.users.list.map(function (ref) { return ref._id; });
    access.collection('user').find({ _id: { $in: ids } }, {}, function (err, users) {
      pending = users.length * 2;
      for (var i = 0; i < users.length; i++) {
        push.send(users[i], request.body.text, done);
        (function (user) {
          access.collection('notes').insert({ to: user.username, text: request.body.text }, function (err, notes) {
            if (err || !notes[0]._id) failed.push(user.username);
            done(err);
          });
        })(users[i]);
      }
      push.sendPayload(users, { alert: request.body.text, badge: '+1' }, { group: group._id }, { message: request.body.text });
      if (!pending) finish();
    });
  });

  function done() { if (--pending === 0) finish(); }
  function finish() {
    access.collection('notes').count({ text: request.body.text }, function (err, count) {
      response.body = { notes: count, failed: failed };
      response.complete();
    });
  }
}
