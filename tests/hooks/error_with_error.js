function onRequest(request, response) {
  response.error(new RangeError('out of stock'));
}
