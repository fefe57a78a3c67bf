function onRequest(request, response) {
  spin(0);
  response.complete();
}

function spin(n) {
  for (;;) n = (n + 1) | 0;
}
