// attack: limits: lets a Proxy invent header names without end
// expect: hook_violation
// debug: response headers
function onRequest(request, response) {
  const names = Array.from({ length: 1e4 }, (_, i) => 'x-' + i);
  response.headers = new Proxy({}, {
    ownKeys: () => names, get: () => 'y',
    getOwnPropertyDescriptor: () => ({ value: 'y', enumerable: true, configurable: true }),
  });
  response.complete();
}
