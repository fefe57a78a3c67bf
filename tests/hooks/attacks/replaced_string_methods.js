// attack: intrinsics: replaces every method of strings and String itself
// expect: completed
// body: {"worked":["aaaaaaaaaaaaaaaaaaaaaaaa","user"]}
function onRequest(request, response, modules) {
  const broken = () => { throw new Error('replaced'); };
  for (const name of Object.getOwnPropertyNames(String.prototype)) {
    if (typeof String.prototype[name] === 'function') String.prototype[name] = broken;
  }
  String.fromCharCode = broken;
  request.headers.authorization = 'Basic QUFBOkJCQg==';
  const context = modules.backendContext.getSecurityContext();
  globalThis.String = broken;
  const id = modules.collectionAccess.objectID('AAAAAAAAAAAAAAAAAAAAAAAA');
  response.body = { worked: [id, context] };
  response.complete();
}
