// attack: floods: iterates an endless async generator whose values are kept
// expect: hook_out_of_memory
// debug: 67108864 bytes
async function onRequest() {
  async function* endless() { for (;;) yield {}; }
  const keep = [];
  for await (const value of endless()) keep.push(value, [value]);
}
