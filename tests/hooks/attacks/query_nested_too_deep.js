// attack: queries: nests a query five thousand deep
// expect: completed
// body: {"code":"BadRequest"}
async function onRequest(request, response) {
  let query = { a: 1 };
  for (let i = 0; i < 2000; i++) query = { $and: [query] };
  try { await db.find('query_nested_too_deep', query); } catch (error) { response.body = { code: error.code }; }
  response.complete();
}
