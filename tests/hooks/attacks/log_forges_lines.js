// attack: forging: logs line ends, terminal codes and half characters, to forge lines of the worker's log
// expect: completed
// body: {"logged":true}
function onRequest(request, response, modules) {
  for (const text of ['a\nFORGED', 'a\r\nFORGED', '\u001b[2J\u001b[1;1HFORGED', '\u009b2JFORGED', 'a\u2028FORGED', '\u202eDEGROF', 'a\u0000b', '\ud800', '\u0007\b\u007f']) {
    modules.logger.error(text);
  }
  response.body = { logged: true };
  response.complete();
}
