// attack: memory: allocates Buffers until there is no more
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (;;) keep.push(Buffer.alloc(1 << 20, 1));
}
