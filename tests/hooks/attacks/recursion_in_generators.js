// attack: recursion: delegates from generator to generator
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() {
  function* walk() { yield* walk(); }
  return [...walk()];
}
