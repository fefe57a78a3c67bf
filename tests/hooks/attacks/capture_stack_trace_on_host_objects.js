// attack: stack: hangs a stack on the host's objects and reads it later
// expect: completed
// body: {"leaks":[]}
function onRequest(request, response, modules) {
  const leaks = [];
  for (const target of [request, response, modules, db, complete]) {
    Error.captureStackTrace(target);
    if (/lode:|\/root|crates\//.test(String(target.stack))) leaks.push('frames');
    delete target.stack;
  }
  response.body = { leaks };
  response.complete();
}
