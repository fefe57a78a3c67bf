// attack: coercion: passes objects and symbols where a collection's name belongs
// expect: completed
// body: {"refused":["TypeError","TypeError","TypeError"]}
function onRequest(request, response, modules) {
  const refused = [];
  for (const name of [{ toString: () => 'stolen' }, Symbol('x'), ['books']]) {
    try { modules.collectionAccess.collection(name); } catch (error) { refused.push(error.constructor.name); }
  }
  response.body = { refused };
  response.complete();
}
