// A room has one guest: an empty object says that it was taken.
function onRequest(request, response, modules) {
  var rooms = modules.collectionAccess.collection('rooms');
  rooms.findAndModify({ _id: request.body.room, guest: null }, {}, { $set: { guest: request.body.guest } }, function(err, result) {
    if (err) { return response.error(new Error('database: ' + err.message)); }
    if (!result._id) {
      response.body = { booked: false, before: result };
      return response.complete(200);
    }
    rooms.findAndRemove({ waiting: request.body.guest }, [['at', 1]], function(err, entry) {
      response.body = { booked: true, before: result, waited: entry._id || null };
      response.complete(201);
    });
  });
}
