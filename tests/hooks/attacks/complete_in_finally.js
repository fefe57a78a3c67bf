// attack: reentry: completes in try, throws, and fails in finally
// expect: completed
// body: {"first":1}
function onRequest(request, response) {
  try { response.body = { first: 1 }; response.complete(); throw new Error('forged'); } finally { response.error('forged'); }
}
