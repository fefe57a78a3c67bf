// attack: forging: returns __proto__ and constructor as keys, plain data to whoever parses it rightly
// expect: completed
// body: {"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}
function onRequest(request, response) {
  response.body = JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}');
  response.complete();
}
