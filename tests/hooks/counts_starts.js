function onRequest(request, response, modules) {
  modules.collectionAccess.collection('starts').count({ name: request.body.name }, function (error, count) {
    response.body = count;
    response.complete();
  });
}
