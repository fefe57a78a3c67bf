// attack: recursion: recurses through JSON.stringify and toJSON
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() {
  const value = { toJSON() { return JSON.stringify(value); } };
  JSON.stringify(value);
}
