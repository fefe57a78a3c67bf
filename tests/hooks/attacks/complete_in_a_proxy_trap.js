// attack: reentry: completes from every trap of a Proxy being serialised
// expect: completed
// body: {"a":1}
function onRequest(request, response) {
  const again = (name) => (...args) => { response.complete(503); return Reflect[name](...args); };
  const traps = Object.fromEntries(Reflect.ownKeys(Reflect).filter((name) => typeof name === 'string').map((name) => [name, again(name)]));
  response.body = new Proxy({ a: 1 }, traps);
  response.complete();
}
