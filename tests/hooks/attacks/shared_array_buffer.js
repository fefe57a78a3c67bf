// attack: internals: makes shared memory, the clock of cache attacks
// expect: completed
// body: {"reached":[]}
function onRequest(request, response) {
  const reached = [];
  if (typeof SharedArrayBuffer !== 'undefined') reached.push('global');
  try {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    Atomics.add(new Int32Array(memory.buffer), 0, 1);
    reached.push('memory');
  } catch { /* refused, or not usable */ }
  response.body = { reached };
  response.complete();
}
