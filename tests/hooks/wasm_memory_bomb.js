function onRequest(request, response) {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536 });
  for (;;) {
    memory.grow(256);
    new Uint8Array(memory.buffer).fill(1);
  }
}
