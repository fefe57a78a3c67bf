// attack: memory: catches a refused allocation and completes
// expect: completed
// body: {"refused":true,"works":1024}
function onRequest(request, response) {
  let refused = false;
  try { new ArrayBuffer(2 ** 30); } catch { refused = true; }
  response.body = { refused, works: new ArrayBuffer(1024).byteLength };
  response.complete();
}
