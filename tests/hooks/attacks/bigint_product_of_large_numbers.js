// attack: memory: multiplies numbers of 2^28 bits: scratch space that is native memory
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const big = 2n ** (2n ** 28n) - 1n;
  return typeof (big * big);
}
