// attack: internals: gives its own code the name of a script of the sandbox
// expect: completed
// body: {"reached":[]}
function onRequest(request, response) {
  const reached = [];
  const look = eval('(function () { try { return [typeof host, typeof pending, typeof settle, typeof bridge]; } catch (e) { return [e]; } })\n//# sourceURL=lode:bridge');
  for (const type of look()) if (type !== 'undefined') reached.push(type);
  response.body = { reached };
  response.complete();
}
