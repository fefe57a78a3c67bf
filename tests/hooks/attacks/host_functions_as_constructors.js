// attack: constructors: calls host functions with new to get at what they build
// expect: completed
// body: {"built":[]}
function onRequest(request, response, modules) {
  const built = [];
  const methods = [db.find, db.count, modules.collectionAccess.collection('x').find, console.log];
  for (const f of methods) {
    try { new f('x'); built.push(f.name); } catch (error) { if (!(error instanceof TypeError)) built.push(String(error)); }
  }
  response.body = { built };
  response.complete();
}
