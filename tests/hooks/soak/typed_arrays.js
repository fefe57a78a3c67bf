// Typed arrays and DataView: conversions, views on one buffer, sorting, transfer.
const buffer = new ArrayBuffer(4096);
const view = new DataView(buffer);
for (let i = 0; i < 512; i++) view.setFloat64(i * 8, Math.sqrt(i) * (i & 1 ? -1 : 1), true);
const bytes = new Uint8Array(buffer);
let hash = 0;
for (let k = 0; k < 20; k++) for (let i = 0; i < bytes.length; i++) hash = (Math.imul(hash, 31) + bytes[i]) | 0;
const floats = new Float64Array(buffer).slice().sort();
const clamped = Uint8ClampedArray.from([-5, 1.5, 2.5, 300, NaN]);
const big = new BigInt64Array(4).fill(-3n);
const moved = buffer.transfer(16);
complete(null, {
  hash, low: floats[0], high: floats[511], clamped: [...clamped], big: big.map((b) => b * b).join(),
  u16: [...new Uint16Array(moved)], gone: bytes.length, at: new Int8Array([1, 2, 300]).at(-1),
  half: new Float32Array([1 / 3])[0], search: floats.findLastIndex((f) => f < 0),
});
