// attack: identity: looks for one object in two results of the host
// expect: completed
// body: {"shared":[]}
async function onRequest(request, response, modules) {
  const shared = [];
  await db.insert('results_share_no_objects', { n: { deep: 1 } });
  const [first, second] = [await db.find('results_share_no_objects'), await db.find('results_share_no_objects')];
  if (first === second || first[0] === second[0] || first[0].n === second[0].n) shared.push('documents');
  if (db.collection('x') === db.collection('x')) shared.push('handles');
  first[0].n.deep = 'changed';
  if ((await db.findOne('results_share_no_objects')).n.deep !== 1) shared.push('store');
  response.body = { shared };
  response.complete();
}
