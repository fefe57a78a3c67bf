// attack: intrinsics: replaces Error and TypeError before the host makes one
// expect: completed
// body: {"error":true,"type":true}
function onRequest(request, response) {
  const RealError = Error, RealTypeError = TypeError;
  globalThis.Error = globalThis.TypeError = function () { return { forged: true }; };
  let type;
  try { setTimeout('x'); } catch (error) { type = error instanceof RealTypeError; }
  db.find('x', { $where: 1 }, function (error) {
    response.body = { error: error instanceof RealError, type };
    response.complete();
  });
}
