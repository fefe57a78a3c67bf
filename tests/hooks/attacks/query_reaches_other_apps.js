// attack: queries: names other apps' collections and the store's own tables
// expect: completed
// body: {"found":0}
async function onRequest(request, response) {
  let found = 0;
  for (const name of ['documents', 'apps', 'hooks', 'sqlite_master', 'canary/books', '../canary', 'canary.books', 'system.users', '*', '%', 'main.apps']) {
    try { found += (await db.find(name)).length; } catch { /* refused */ }
    try { found += (await db.find(name, { app: 'canary' })).length; } catch { /* refused */ }
  }
  response.body = { found };
  response.complete();
}
