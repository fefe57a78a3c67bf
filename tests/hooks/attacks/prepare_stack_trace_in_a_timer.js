// attack: stack: looks at CallSites when the host calls a timer and a callback
// expect: completed
// body: {"reached":[]}
function onRequest(request, response) {
  const reached = [];
  Error.prepareStackTrace = (error, sites) => sites;
  function look(name) {
    for (const site of [].concat(new Error('x').stack)) {
      if (typeof site !== 'object') continue;
      if (String(site.getScriptNameOrSourceURL()).includes('bridge')) reached.push(name);
    }
  }
  setTimeout(function () {
    look('timer');
    db.count('prepare_stack_trace', {}, function () {
      look('callback');
      response.body = { reached };
      response.complete();
    });
  }, 0);
}
