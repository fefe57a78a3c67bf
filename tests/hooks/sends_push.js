// Pushes to some users and to all, and waits for neither.
function onRequest(request, response, modules) {
  const info = modules.logger.info;
  info('pushing');
  modules.push.send(request.body.users, request.body.message);
  if (request.body.broadcast) modules.push.broadcastPayload({ alert: 'hi' }, { id: 7 }, { data: 1 });
  modules.logger.error('pushed');
  response.complete();
}
