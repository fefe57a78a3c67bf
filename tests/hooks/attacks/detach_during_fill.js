// attack: species: detaches a buffer in valueOf of an argument of fill, set and with
// expect: completed
// body: {"alive":true}
function onRequest(request, response) {
  const make = () => new Uint8Array(1024);
  for (const name of ['fill', 'indexOf', 'includes', 'lastIndexOf']) {
    const bytes = make();
    try { bytes[name](1, { valueOf() { bytes.buffer.transfer(0); return 0; } }, 1024); } catch { /* refused */ }
  }
  const bytes = make();
  try { bytes.set({ length: 1024, get 0() { bytes.buffer.transfer(0); return 1; } }); } catch { /* refused */ }
  response.body = { alive: bytes.length === 0 };
  response.complete();
}
