// attack: reentry: completes in the first of many timers, each of which fails
// expect: completed
// body: {"first":1}
function onRequest(request, response) {
  setTimeout(() => { response.body = { first: 1 }; response.complete(); }, 0);
  for (let i = 0; i < 500; i++) setTimeout(() => { throw new Error('forged'); }, 0);
}
