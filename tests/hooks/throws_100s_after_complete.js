function onRequest(request, response) {
  setTimeout(function () { throw new Error('long after'); }, 100000);
  response.complete();
}
