// Friendship goes both ways: two updates at once, and one answer after both.
function onRequest(request, response, modules) {
  var users = modules.collectionAccess.collection('user'), async = modules.async;
  var a = request.body.a, b = request.body.b;

  function link(from, to) {
    var change = {};
    change[request.body.end ? '$pull' : '$addToSet'] = { friends: to };
    return async.apply(users.update, { username: from }, change);
  }

  async.parallel([link(a, b), link(b, a)], function (err, counts) {
    if (err) return response.error(err);
    if (counts[0] + counts[1] != 2) {
      response.body = { error: 'one of them is nobody' };
      return response.complete(404);
    }
    users.update({ friends: { $size: 0 } }, { $unset: { friends: true }, $set: { lonely: true } }, { multi: true }, function (err, lonely) {
      users.find({ friends: { $exists: true } }, { sort: [['username', 1]], fields: { username: 1, friends: 1, _id: 0 } }, function (err, found) {
        response.body = { lonely: lonely, found: found };
        response.complete();
      });
    });
  });
}
