// attack: recursion: recurses through a getter
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() {
  const object = { get a() { return object.a; } };
  return object.a;
}
