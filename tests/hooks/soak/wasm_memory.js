// WebAssembly memory: shared with JavaScript, grown, and read out of bounds.
// l(a) = the 32-bit word at a; m = its memory of one page
const bytes = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1,
  7, 9, 2, 1, 109, 2, 0, 1, 108, 0, 0, 10, 9, 1, 7, 0, 32, 0, 40, 2, 0, 11,
]);
const { l, m } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
const words = new Uint32Array(m.buffer);
for (let i = 0; i < words.length; i++) words[i] = Math.imul(i, 2654435761);
const trap = (at) => {
  try { return l(at); } catch (error) { return `${error.name}: ${error.message}`; }
};
const out = [l(0), l(4), l(65532), l(1), trap(65533), trap(-1)];
out.push(m.grow(2), m.buffer.byteLength, words.length, l(4), l(65536), trap(3 * 65536));
let sum = 0;
for (let i = 0; i < 20000; i++) sum = (sum + l((i * 8) & 65535 & ~3)) | 0;
out.push(sum);
complete(null, out);
