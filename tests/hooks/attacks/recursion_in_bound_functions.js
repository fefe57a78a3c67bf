// attack: recursion: calls through functions bound to sixty thousand arguments a hundred times
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() {
  const many = new Array(60000).fill(1);
  let f = Math.max;
  for (let i = 0; i < 100; i++) f = f.bind(null, ...many);
  return f();
}
