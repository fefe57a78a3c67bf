// attack: proxy: completes with a Proxy that lies about its keys
// expect: hook_threw
// debug: response.body cannot be serialised: TypeError
function onRequest(request, response) {
  response.body = new Proxy(Object.freeze({ a: 1 }), { ownKeys: () => ['a', 'a', 'forged'] });
  response.complete();
}
