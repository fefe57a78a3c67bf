// attack: memory: normalises a character that becomes eighteen
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (;;) keep.push('\ufdfa'.repeat(2e5).normalize('NFKD'));
}
