function onRequest(request, response) {
  const names = [
    'Deno', 'require', 'process', 'module', 'exports', 'global', 'bootstrap', 'host', 'bridge', 'lode',
    '__bootstrap', 'ops', 'core', 'XMLHttpRequest', 'WebSocket', 'Worker', 'importScripts',
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
  // Call sites are not handed out, whatever the script asks for.
  Error.prepareStackTrace = function (error, sites) { return sites; };
  if (typeof new Error('x').stack !== 'string') reached.push('call sites');
  response.body = { found, reached, same: outer === globalThis && indirect === globalThis };
  response.complete();
}
