// Says that it has started, leaves a document, and completes after body.ms.
function onRequest(request, response, modules) {
  modules.collectionAccess.collection('starts').insert({ name: request.body.name }, function () {
    modules.logger.info('started ' + request.body.name + '.');
    setTimeout(function () {
      response.body = request.body;
      response.complete();
    }, request.body.ms);
  });
}
