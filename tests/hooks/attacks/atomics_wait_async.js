// attack: internals: waits on V8's own timers, which nobody pumps
// expect: completed
// body: {"reached":false}
function onRequest(request, response) {
  response.body = { reached: 'waitAsync' in Atomics || typeof Atomics.waitAsync === 'function' };
  response.complete();
}
