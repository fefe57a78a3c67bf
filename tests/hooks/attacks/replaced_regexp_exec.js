// attack: intrinsics: replaces RegExp.prototype.exec, so that every text is an ObjectID
// expect: completed
// body: {"forged":false}
function onRequest(request, response, modules) {
  RegExp.prototype.exec = RegExp.prototype.test = () => ['forged'];
  Object.defineProperty(RegExp.prototype, 'flags', { get: () => 'g', configurable: true });
  let forged = true;
  try { modules.collectionAccess.objectID('../../../etc/passwd'); } catch { forged = false; }
  response.body = { forged };
  response.complete();
}
