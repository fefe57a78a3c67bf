// Calls response[body.call] with body.args.
function onRequest(request, response) {
  response.body = { left: 'body' };
  response[request.body.call].apply(response, request.body.args || []);
}
