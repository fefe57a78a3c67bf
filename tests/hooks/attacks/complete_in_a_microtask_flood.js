// attack: reentry: completes in a microtask and queues without end behind it
// expect: completed
// body: {"first":1}
function onRequest(request, response) {
  response.body = { first: 1 };
  const again = () => { queueMicrotask(again); response.complete(); };
  queueMicrotask(again);
}
