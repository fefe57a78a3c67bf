// Asynchronous compilation, which goes through the platform's task queue.
const bytes = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 115, 0, 0,
  10, 9, 1, 7, 0, 32, 0, 65, 3, 108, 11,
]);
(async () => {
  const first = await WebAssembly.instantiate(bytes);
  const module = await WebAssembly.compile(bytes);
  const second = await WebAssembly.instantiate(module);
  let refused = '';
  try { await WebAssembly.compile(bytes.slice(0, 30)); } catch (error) { refused = error.name; }
  complete(null, [first.instance.exports.s(5), second.exports.s(-7), refused]);
})();
