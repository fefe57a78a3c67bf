// attack: coercion: starts and clears timers inside valueOf of a delay
// expect: completed
// body: {"order":["inner","outer"]}
function onRequest(request, response) {
  const order = [];
  setTimeout(() => order.push('outer'), { valueOf() { setTimeout(() => order.push('inner'), 0); return 2; } });
  setTimeout(() => { response.body = { order }; response.complete(); }, 20);
}
