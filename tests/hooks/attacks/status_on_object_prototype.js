// attack: pollution: sets the status of a continued response through Object.prototype
// expect: continued
// body: {"status":"own"}
function onRequest(request, response) {
  Object.prototype.code = 999;
  Object.prototype.statusCode = 9999;
  response.body = { status: 'own' };
  response.continue();
}
