function onRequest(request, response, modules) {
  for (let i = 0; i < 20; i++) modules.logger.info('y'.repeat(1 << 20));
  response.complete();
}
