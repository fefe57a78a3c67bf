// attack: internals: reads the source text of host functions for secrets and paths
// expect: completed
// body: {"hits":[]}
function onRequest(request, response, modules) {
  const hits = [];
  const functions = [db.find, db.collection, complete, setTimeout, response.complete, modules.logger.info, modules.backendContext.getAppKey];
  const words = [modules.backendContext.getAppSecret(), modules.backendContext.getMasterSecret(), '/root', 'crates/', 'lode:'];
  for (const f of functions) {
    const text = Function.prototype.toString.call(f);
    words.forEach((word, index) => { if (text.includes(word)) hits.push(f.name + index); });
  }
  response.body = { hits };
  response.complete();
}
