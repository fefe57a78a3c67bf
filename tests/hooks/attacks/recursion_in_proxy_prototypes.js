// attack: recursion: looks up a name along prototypes that are Proxies
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() {
  let object = {};
  for (let i = 0; i < 1e5; i++) object = Object.create(new Proxy(object, {}));
  return 'x' in object;
}
