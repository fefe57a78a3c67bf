// attack: queries: sets an index of a hundred million in an array
// expect: completed
// body: {"code":"LimitExceeded"}
async function onRequest(request, response) {
  await db.insert('update_fills_an_array', { a: [1] });
  try { await db.update('update_fills_an_array', {}, { $set: { 'a.100000000': 1 } }); } catch (error) { response.body = { code: error.code }; }
  response.complete();
}
