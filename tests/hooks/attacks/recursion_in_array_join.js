// attack: recursion: joins arrays nested a hundred thousand deep
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() {
  let list = [];
  for (let i = 0; i < 1e5; i++) list = [list];
  return String(list);
}
