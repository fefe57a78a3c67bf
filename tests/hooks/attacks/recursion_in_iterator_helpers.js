// attack: recursion: asks a hundred thousand mapped iterators for one value
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() {
  let values = [1].values();
  for (let i = 0; i < 1e5; i++) values = values.map((x) => x);
  return values.next();
}
