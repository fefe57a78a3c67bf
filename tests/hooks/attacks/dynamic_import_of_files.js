// attack: internals: imports files, URLs and the sandbox's own scripts
// expect: completed
// body: {"loaded":[]}
async function onRequest(request, response) {
  const loaded = [];
  for (const name of ['fs', 'node:fs', 'lode:bridge', 'lode:hook', 'file:///etc/passwd', '/etc/passwd', 'data:text/javascript,1', 'ext:core/ops', './x.js']) {
    try { await import(name); loaded.push(name); } catch { /* refused */ }
  }
  response.body = { loaded };
  response.complete();
}
