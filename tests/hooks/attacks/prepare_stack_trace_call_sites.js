// attack: stack: takes functions and receivers of the host out of CallSite objects
// expect: completed
// body: {"reached":[]}
function onRequest(request, response) {
  const reached = [];
  Error.prepareStackTrace = (error, sites) => sites;
  const value = {
    toJSON() {
      const sites = new Error('x').stack;
      for (const site of Array.isArray(sites) ? sites : []) {
        const self = site.getThis(), f = site.getFunction();
        if (self !== undefined && self !== globalThis && self !== value) reached.push('this of ' + site.getFunctionName());
        if (f !== undefined && f !== onRequest && f !== value.toJSON) reached.push('function ' + site.getFunctionName());
        if (String(site.getFileName()).startsWith('lode:')) reached.push('file');
      }
      return { reached: [...new Set(reached)] };
    },
  };
  response.body = value;
  response.complete();
}
