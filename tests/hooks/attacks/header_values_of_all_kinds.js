// attack: coercion: sets headers to values that are no texts
// expect: completed
// body: {"alive":true}
function onRequest(request, response) {
  response.headers = { a: 1, b: null, c: undefined, d: true, e: [1, 2], f: { g: 1 }, h: 1.5, i: { toJSON: () => 'text' }, __proto__: { inherited: 'x' } };
  response.body = { alive: true };
  response.complete();
}
