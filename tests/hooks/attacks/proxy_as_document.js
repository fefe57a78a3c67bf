// attack: proxy: inserts a Proxy that changes at each look
// expect: completed
// body: {"kind":"number"}
async function onRequest(request, response) {
  let n = 0;
  const document = new Proxy({ n: 0 }, { get: (target, key) => (key === 'n' ? ++n : undefined) });
  const stored = await db.insert('proxy_as_document', document);
  response.body = { kind: typeof stored.n };
  response.complete();
}
