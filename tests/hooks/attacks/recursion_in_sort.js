// attack: recursion: recurses through comparators of sort
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() {
  const sort = () => [2, 1].sort(sort);
  sort();
}
