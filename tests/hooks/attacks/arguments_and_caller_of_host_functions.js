// attack: constructors: reads caller and arguments of host functions and of itself when the host calls it
// expect: completed
// body: {"reached":[]}
function onRequest(request, response, modules) {
  const reached = [];
  function look(name, f) {
    for (const key of ['caller', 'arguments', 'callee']) {
      try { if (f[key]) reached.push(name + '.' + key); } catch { /* strict functions refuse */ }
    }
  }
  look('find', db.find);
  look('complete', complete);
  look('log', console.log);
  if (onRequest.caller) reached.push('onRequest.caller');
  if (arguments.callee.caller) reached.push('callee.caller');
  setTimeout(function timer() {
    if (timer.caller) reached.push('timer.caller');
    db.count('arguments_and_caller', {}, function counted() {
      if (counted.caller) reached.push('counted.caller');
      response.body = { reached };
      response.complete();
    });
  }, 0);
}
