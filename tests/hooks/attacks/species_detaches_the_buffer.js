// attack: species: detaches a typed array's buffer in the middle of its own slice
// expect: hook_threw
// debug: TypeError
function onRequest() {
  const bytes = new Uint8Array(4096);
  bytes.constructor = { [Symbol.species]: function (length) { bytes.buffer.transfer(); return new Uint8Array(length); } };
  bytes.slice(0, 4096);
}
