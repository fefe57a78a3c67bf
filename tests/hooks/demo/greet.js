// A custom endpoint as tenants of Kinvey write it.
function onRequest(request, response, modules) {
  modules.logger.info('greeting ' + request.body.name);
  response.body = { hello: request.body.name };
  response.complete(200);
}
