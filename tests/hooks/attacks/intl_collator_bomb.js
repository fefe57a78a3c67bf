// attack: natives: makes Collators without end: native memory behind small objects
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (;;) keep.push(new Intl.Collator('de'));
}
