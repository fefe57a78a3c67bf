// attack: species: lets ArrayBuffer.prototype.slice hand its bytes to a smaller buffer
// expect: hook_threw
// debug: TypeError
function onRequest() {
  const buffer = new ArrayBuffer(64);
  buffer.constructor = { [Symbol.species]: function () { return new ArrayBuffer(1); } };
  buffer.slice(0, 64);
}
