// attack: constructors: walks from host functions to Function and runs code with it
// expect: completed
// body: {"outer":0,"names":[]}
function onRequest(request, response, modules) {
  const names = ['Deno', 'process', 'require', 'host', 'bridge', '__bootstrap', 'ops', 'module'];
  const functions = [
    db.find, db.collection, complete, setTimeout, queueMicrotask, console.log, response.complete,
    response.continue, modules.logger.info, modules.collectionAccess.collection,
    modules.backendContext.getAppKey, modules.utils.tempObjectStore.get,
  ];
  let outer = 0;
  const found = [];
  for (const f of functions) {
    const F = f.constructor;
    if (F !== Function || F('return this')() !== globalThis) outer++;
    for (const name of names) {
      if (F(`return typeof ${name}`)() !== 'undefined') found.push(name);
    }
  }
  response.body = { outer, names: found };
  response.complete();
}
