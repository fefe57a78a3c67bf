function onRequest(request, response) {
  for (let i = 0; i < 100000; i++) response.headers['x-' + i] = 'y'.repeat(100);
  response.complete();
}
