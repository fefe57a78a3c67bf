// attack: recursion: looks through a chain of a hundred thousand Proxies
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() {
  let proxy = {};
  for (let i = 0; i < 1e5; i++) proxy = new Proxy(proxy, {});
  return proxy.x;
}
