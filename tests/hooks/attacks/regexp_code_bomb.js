// attack: memory: compiles regular expressions without end
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (let i = 0; ; i++) {
    const pattern = new RegExp('a{0,1000}b{0,1000}' + i);
    pattern.test('aaaab');
    pattern.test('aaaab');
    keep.push(pattern);
  }
}
