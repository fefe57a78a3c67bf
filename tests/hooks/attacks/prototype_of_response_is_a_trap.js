// attack: pollution: gives response and modules prototypes that throw, which nobody asks
// expect: completed
// body: {"kept":true}
function onRequest(request, response, modules) {
  const hostile = new Proxy({}, { get() { throw new Error('trapped'); }, has() { throw new Error('trapped'); } });
  Object.setPrototypeOf(modules, hostile);
  response.body = { kept: true };
  Object.setPrototypeOf(response, hostile);
  modules.logger.info('still here');
  response.complete();
}
