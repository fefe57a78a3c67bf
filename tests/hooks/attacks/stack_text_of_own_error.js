// attack: stack: reads names of the host's scripts from its own stack
// expect: completed
// body: {"leaks":[]}
function onRequest(request, response) {
  function where() { return new Error('x').stack; }
  const stack = where();
  const leaks = ['lode:', '/root', 'crates/', '.rs:', 'ext:', 'deno'].filter((word) => stack.includes(word));
  if (!stack.includes('where')) leaks.push('no frames at all');
  response.body = { leaks };
  response.complete();
}
