// attack: queries: asks with limits, skips and sorts that are none
// expect: completed
// body: {"codes":["BadQuery","BadQuery","BadQuery"]}
async function onRequest(request, response) {
  const codes = [];
  for (const options of [{ limit: -1 }, { skip: 1e308 }, { sort: { a: 'sideways' } }]) {
    try { await db.find('options_out_of_range', {}, options); codes.push('answered'); } catch (error) { codes.push(error.code); }
  }
  response.body = { codes };
  response.complete();
}
