function onRequest(request, response) {
  response.body = dive(0);
  response.complete();
}

function dive(n) {
  return dive(n + 1) + 1;
}
