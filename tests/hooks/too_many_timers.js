function onRequest(request, response) {
  for (;;) setTimeout(function () {}, 60000);
}
