// attack: pollution: rewrites the envelopes of host calls through Object.prototype.toJSON
// expect: completed
// body: {"count":1}
function onRequest(request, response) {
  Object.prototype.toJSON = function () { return 'collection' in this && 'entity' in this ? { collection: 'stolen', entity: {} } : this; };
  db.insert('to_json_on_object_prototype', { n: 1 }, function () {
    delete Object.prototype.toJSON;
    db.count('to_json_on_object_prototype', {}, function (error, count) {
      response.body = { count };
      response.complete();
    });
  });
}
