function onRequest(request, response, modules) {
  throw 'no more stock';
}
