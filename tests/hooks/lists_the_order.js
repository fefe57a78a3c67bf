function onRequest(request, response, modules) {
  modules.collectionAccess.collection('order').find({}, { sort: { '_kmd.ect': 1 } }, function (error, documents) {
    response.body = documents.map(function (document) { return document.name; }).join(' ');
    response.complete();
  });
}
