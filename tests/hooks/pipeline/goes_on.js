// Kinvey's default body of an endpoint: there is nothing to go on to, so it is complete.
function onRequest(request, response, modules) {
  response.body.name = request.collectionName;
  response.continue();
}
