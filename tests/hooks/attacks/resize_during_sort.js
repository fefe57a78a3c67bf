// attack: species: shrinks a buffer while the host sorts its typed array
// expect: completed
// body: {"alive":true}
function onRequest(request, response) {
  const buffer = new ArrayBuffer(4096, { maxByteLength: 8192 });
  const numbers = new Float64Array(buffer);
  let calls = 0;
  numbers.sort((a, b) => { if (calls++ === 3) buffer.resize(8); return b - a; });
  for (let i = 0; i < 100; i++) numbers.fill(i);
  response.body = { alive: numbers.length === 1 };
  response.complete();
}
