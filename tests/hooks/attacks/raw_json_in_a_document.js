// attack: queries: inserts by JSON.rawJSON a number that no parser holds
// expect: completed
// body: {"code":"BadRequest"}
async function onRequest(request, response) {
  try { await db.insert('raw_json_in_a_document', { a: JSON.rawJSON('1e999') }); } catch (error) { response.body = { code: error.code }; }
  response.complete();
}
