// attack: wasm: compiles bytes that are no module, in both ways
// expect: completed
// body: {"errors":["CompileError","CompileError"]}
async function onRequest(request, response) {
  const errors = [];
  const bytes = new Uint8Array(1000).fill(255);
  try { new WebAssembly.Module(bytes); } catch (error) { errors.push(error.constructor.name); }
  try { await WebAssembly.compile(bytes); } catch (error) { errors.push(error.constructor.name); }
  response.body = { errors };
  response.complete();
}
