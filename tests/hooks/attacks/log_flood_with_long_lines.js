// attack: limits: logs a thousand lines of a megabyte
// expect: completed
// body: {"logged":1500}
function onRequest(request, response, modules) {
  const line = 'x'.repeat(1 << 20);
  let logged = 0;
  for (; logged < 1500; logged++) modules.logger.info(line);
  response.body = { logged };
  response.complete();
}
