// attack: recursion: recurses through callbacks of replace
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() {
  const replace = () => 'aa'.replace(/a/g, replace);
  replace();
}
