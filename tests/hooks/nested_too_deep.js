// A body that V8 writes and that other parsers stumble over.
function onRequest(request, response) {
  let body = 1;
  for (let i = 0; i < 200; i++) body = [body];
  response.body = body;
  response.complete();
}
