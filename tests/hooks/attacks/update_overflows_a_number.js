// attack: queries: increments beyond the largest number
// expect: completed
// body: {"finite":true}
async function onRequest(request, response) {
  await db.insert('update_overflows_a_number', { n: 1.7e308 });
  for (let i = 0; i < 3; i++) { try { await db.update('update_overflows_a_number', {}, { $inc: { n: 1.7e308 } }); } catch { /* refused */ } }
  const { n } = await db.findOne('update_overflows_a_number');
  response.body = { finite: Number.isFinite(n) };
  response.complete();
}
