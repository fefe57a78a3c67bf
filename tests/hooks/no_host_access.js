function onRequest(request, response) {
  const names = [
    'Deno', 'require', 'process', 'module', 'exports', 'global', 'bootstrap', 'host', 'bridge', 'lode',
    '__bootstrap', 'ops', 'core', 'fetch', 'XMLHttpRequest', 'WebSocket', 'Worker', 'importScripts',
    'gc', 'd8', 'load', 'quit', 'read', 'readline', 'print', 'internalBinding',
  ];
  const outer = new Function('return this')();
  const indirect = (0, eval)('this');
  const found = names.filter(function (name) {
    return name in globalThis || name in outer || name in indirect;
  });
  // Neither the caller nor the frames below lead to the host's objects.
  const reached = [];
  if (onRequest.caller !== null) reached.push('caller');
  Error.prepareStackTrace = function (error, sites) { return sites; };
  for (const site of new Error('x').stack) {
    const self = site.getThis();
    if (self !== undefined && self !== globalThis) reached.push('this');
    if (site.getFunction() !== undefined && site.getFunction() !== onRequest) reached.push('function');
  }
  response.body = { found, reached, same: outer === globalThis && indirect === globalThis };
  response.complete();
}
