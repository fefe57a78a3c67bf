function onRequest(request, response, modules) {
  throw null;
}
