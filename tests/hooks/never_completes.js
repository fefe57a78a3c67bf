function onRequest(request, response) {
  if (request.body.status === 'updated') response.complete();
}
