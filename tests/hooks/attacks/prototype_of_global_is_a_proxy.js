// attack: pollution: puts a Proxy behind the global object, so that every lookup is seen
// expect: completed
// body: {"seen":[]}
function onRequest(request, response, modules) {
  const seen = [];
  try {
    Object.setPrototypeOf(Object.getPrototypeOf(globalThis), new Proxy(Object.create(null), {
      has(target, name) { if (name === 'host' || name === 'bridge') seen.push(name); return false; },
    }));
  } catch { /* immutable */ }
  modules.logger.info('x', function () {
    response.body = { seen };
    response.complete();
  });
}
