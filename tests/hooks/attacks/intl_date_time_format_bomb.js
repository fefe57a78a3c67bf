// attack: natives: makes DateTimeFormats without end
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (;;) keep.push(new Intl.DateTimeFormat('en'));
}
