function onRequest(request, response) {
  Object.defineProperty(response, 'body', { get: function () { throw new Error('peek'); } });
  response.complete();
}
