// attack: natives: keeps Temporal objects, native memory behind each
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (;;) keep.push(Temporal.Instant.fromEpochMilliseconds(1));
}
