// attack: proxy: completes with an array Proxy of endless length
// expect: hook_threw
// debug: response.body cannot be serialised: RangeError: Invalid string length
function onRequest(request, response) {
  response.body = new Proxy([], { get: (target, key) => (key === 'length' ? 2 ** 53 - 1 : key === 'toJSON' ? undefined : 'forged') });
  response.complete();
}
