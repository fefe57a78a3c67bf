// WebAssembly: compiled, run cold, run hot, compiled again.
// s(n) = the sum of 3 * i for i from n down to 1
const bytes = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 115, 0, 0,
  10, 30, 1, 28, 1, 1, 127, 3, 64, 32, 1, 32, 0, 65, 3, 108, 106, 33, 1, 32, 0, 65, 1, 107, 34, 0,
  13, 0, 11, 32, 1, 11,
]);
const out = [WebAssembly.validate(bytes), WebAssembly.validate(bytes.slice(0, 40))];
for (let i = 0; i < 3; i++) {
  const { s } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  out.push(s(1), s(1000), s(200000));
  let sum = 0;
  for (let k = 1; k < 2000; k++) sum = (sum + s(k & 31 | 1)) | 0;
  out.push(sum);
}
complete(null, out);
