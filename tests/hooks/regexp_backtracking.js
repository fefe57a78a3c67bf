function onRequest(request, response, modules) {
  response.body = /^(a+)+$/.test('a'.repeat(60) + '!');
  response.complete();
}
