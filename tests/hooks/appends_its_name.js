// Leaves a document with its name: the documents' order is the order of the runs.
function onRequest(request, response, modules) {
  modules.collectionAccess.collection('order').insert({ name: request.body }, function () { response.complete(); });
}
