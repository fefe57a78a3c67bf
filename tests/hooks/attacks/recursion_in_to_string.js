// attack: recursion: recurses through toString and Symbol.toPrimitive
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() {
  const object = { [Symbol.toPrimitive]() { return `${object}`; } };
  return `${object}`;
}
