// attack: memory: concatenates sparse arrays that are long
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  let all = [];
  for (let i = 0; i < 200; i++) all = all.concat(new Array(2 ** 25));
}
