// attack: memory: registers without end
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const registry = new FinalizationRegistry(() => {}), keep = [];
  for (;;) { const target = {}; keep.push(target); registry.register(target, target === 1); }
}
