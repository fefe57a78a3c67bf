// attack: coercion: passes delays that are no delays
// expect: completed
// body: {"fired":10,"refused":2}
function onRequest(request, response) {
  let fired = 0, refused = 0;
  const delays = [NaN, -1, -Infinity, Infinity, 2 ** 31, 2 ** 64, null, undefined, '1', { valueOf: () => 1 }];
  for (const delay of delays) setTimeout(() => { fired++; }, delay);
  for (const delay of [Symbol('x'), { valueOf() { throw new Error('trap'); } }]) {
    try { setTimeout(() => { fired = 100; }, delay); } catch { refused++; }
  }
  setTimeout(() => { response.body = { fired, refused }; response.complete(); }, 50);
}
