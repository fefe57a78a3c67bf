function onRequest(request, response) {
  setTimeout(function () { response.complete(); }, 3600000);
}
