// attack: iterators: spreads an endless iterator
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const endless = { *[Symbol.iterator]() { for (;;) yield {}; } };
  return [...endless];
}
