// attack: internals: looks for Deno, Node, browsers and V8's shell
// expect: completed
// body: {"found":[]}
function onRequest(request, response) {
  const names = ['Deno', 'Bun', 'process', 'require', 'module', 'exports', 'global', 'window', 'self', 'document',
    'XMLHttpRequest', 'WebSocket', 'Worker', 'importScripts', 'postMessage', 'structuredClone', '__bootstrap', '__dirname',
    'ops', 'core', 'host', 'bridge', 'lode', 'gc', 'd8', 'print', 'load', 'read', 'quit', 'version', 'internalBinding',
    'primordials', 'Realm', 'ShadowRealm', 'performance', 'crypto', 'navigator', 'localStorage'];
  const views = [globalThis, new Function('return this')(), (0, eval)('this')];
  response.body = { found: names.filter((name) => views.some((view) => name in view) || (0, eval)(`typeof ${name}`) !== 'undefined') };
  response.complete();
}
