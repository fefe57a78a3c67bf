// Sleeps like sleeps.js when it has never started before, else completes at once.
function onRequest(request, response, modules) {
  var starts = modules.collectionAccess.collection('starts');
  starts.count({ name: request.body.name }, function (error, count) {
    starts.insert({ name: request.body.name }, function () {
      modules.logger.info('started ' + request.body.name + '.');
      setTimeout(function () { response.complete(); }, count === 0 ? request.body.ms : 0);
    });
  });
}
