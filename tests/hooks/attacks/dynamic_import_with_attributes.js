// attack: internals: imports with attributes whose getters and strings are hostile
// expect: completed
// body: {"loaded":[]}
async function onRequest(request, response) {
  const loaded = [];
  const name = { toString() { return 'lode:data'; } };
  try { await import(name, { with: { type: 'json' } }); loaded.push(1); } catch { /* refused */ }
  try { await import('x', { get with() { throw 1; } }); loaded.push(2); } catch { /* refused */ }
  try { await eval('import("lode:job")'); loaded.push(3); } catch { /* refused */ }
  response.body = { loaded };
  response.complete();
}
