function onRequest(request, response, modules) {
  for (let i = 0; i < 20000; i++) modules.logger.info('line ' + i);
  response.body = 'still here';
  response.complete();
}
