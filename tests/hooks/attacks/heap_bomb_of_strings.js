// attack: memory: keeps many strings that are all different
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (let i = 0; ; i++) keep.push(`text number ${i} of many`.repeat(4).slice(1));
}
