// attack: stack: reads the async frames behind an await of a host call
// expect: completed
// body: {"leaks":[]}
async function onRequest(request, response) {
  await db.count('async_stack_of_the_host');
  const stack = new Error('x').stack;
  response.body = { leaks: ['lode:', 'bridge', 'reply'].filter((word) => stack.includes(word)) };
  response.complete();
}
