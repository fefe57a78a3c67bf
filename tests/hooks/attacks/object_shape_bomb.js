// attack: memory: makes objects that all have another shape
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (let i = 0; ; i++) keep.push({ ['a' + i]: 1 });
}
