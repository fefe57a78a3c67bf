// attack: memory: binds a function a million times over
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  let f = Math.max;
  for (;;) f = f.bind(null, 1);
}
