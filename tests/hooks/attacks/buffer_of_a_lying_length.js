// attack: memory: makes Buffers of lengths that are no lengths, and slices beyond their ends
// expect: completed
// body: {"refused":["RangeError","RangeError","TypeError","RangeError"],"slice":0,"text":""}
function onRequest(request, response) {
  const refused = [];
  const tries = [() => Buffer.alloc(-1), () => Buffer.alloc(2 ** 53), () => Buffer.alloc('1'), () => Buffer.alloc(4).readUInt32LE(1)];
  for (const one of tries) { try { one(); refused.push('none'); } catch (error) { refused.push(error.name); } }
  response.body = { refused, slice: Buffer.from('abc').slice(5, 1e9).length, text: Buffer.from({ length: -5 }).toString() };
  response.complete();
}
