// attack: queries: passes app, collection and method beside and inside the query
// expect: completed
// body: {"left":1,"foreign":0}
async function onRequest(request, response) {
  await db.insert('query_forges_the_envelope', { mine: true });
  let foreign = 0;
  for (const forged of [{ app: 'canary', collection: 'books' }, { method: 'db.remove' }, { query: {}, entity: {} }]) {
    try { foreign += (await db.find('query_forges_the_envelope', { mine: true }, forged)).length - 1; } catch { /* refused */ }
    try { foreign += (await db.find('query_forges_the_envelope', forged)).length; } catch { /* refused */ }
  }
  response.body = { left: await db.count('query_forges_the_envelope', {}), foreign };
  response.complete();
}
