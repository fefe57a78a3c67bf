// attack: limits: clears timers by numbers that were never given and by nonsense
// expect: completed
// body: {"fired":1}
function onRequest(request, response) {
  let fired = 0;
  setTimeout(() => { fired++; }, 0);
  for (const id of [0, -1, NaN, Infinity, 2 ** 32 + 1, 1e308, '1', null, {}, [1], 1n, Symbol.iterator, '__proto__', 'constructor']) {
    clearTimeout(id);
    clearInterval(id);
  }
  setTimeout(() => { response.body = { fired }; response.complete(); }, 5);
}
