// attack: forging: continues with a status of line ends
// expect: continued
// body: {"alive":true}
function onRequest(request, response) {
  response.status = '200\r\nSet-Cookie: FORGED';
  response.statusCode = { valueOf: () => 500 };
  response.body = { alive: true };
  response.continue();
}
