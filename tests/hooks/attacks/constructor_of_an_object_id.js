// attack: constructors: subclasses and reuses the class behind objectID
// expect: completed
// body: {"text":"aaaaaaaaaaaaaaaaaaaaaaaa","refused":true,"stolen":"TypeError"}
function onRequest(request, response, modules) {
  const id = modules.collectionAccess.objectID('A'.repeat(24));
  const ObjectID = id.constructor;
  let refused = false, stolen;
  try { new ObjectID({ toString: () => '../../etc/passwd' }); } catch (error) { refused = error instanceof Error; }
  try { ObjectID.prototype.toString.call({ hex: 1 }); } catch (error) { stolen = error.constructor.name; }
  response.body = { text: String(id), refused, stolen };
  response.complete();
}
