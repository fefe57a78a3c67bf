// attack: stack: reads the host's frames below a toJSON that the host calls
// expect: completed
// body: {"leaks":[]}
function onRequest(request, response) {
  const value = { toJSON() { const stack = new Error('x').stack; return { leaks: ['lode:', 'bridge', 'finish', 'json ('].filter((word) => stack.includes(word)) }; } };
  response.body = value;
  response.complete();
}
