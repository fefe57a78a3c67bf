// attack: queries: puts SQL into names of collections, fields and values
// expect: completed
// body: {"left":2}
async function onRequest(request, response) {
  const hostile = "x'); DROP TABLE documents; --";
  await db.insert('query_injects_sql', [{ a: 1 }, { a: 2 }]);
  for (const run of [
    () => db.insert(hostile, { [hostile]: hostile }), () => db.find(hostile, { [hostile]: hostile }),
    () => db.find('query_injects_sql', { [`a" = 1 OR "1`]: 1 }, { sort: { [`a') DESC; DELETE FROM documents; --`]: 1 } }),
    () => db.update('query_injects_sql', { 'a\'"': 1 }, { $set: { [hostile]: 1 } }), () => db.remove('query_injects_sql', { a: "' OR '1'='1" }),
  ]) { try { await run(); } catch { /* refused */ } }
  response.body = { left: await db.count('query_injects_sql') };
  response.complete();
}
