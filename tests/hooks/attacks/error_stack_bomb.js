// attack: memory: keeps errors with endless stacks
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  Error.stackTraceLimit = 1e9;
  const keep = [];
  const dive = (n) => (n === 0 ? new Error('x') : dive(n - 1));
  for (;;) keep.push(dive(3000));
}
