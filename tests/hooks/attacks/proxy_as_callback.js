// attack: proxy: passes callable Proxies as callbacks and looks at what the host does with them
// expect: completed
// body: {"traps":["apply","apply"]}
function onRequest(request, response) {
  const traps = [];
  const spy = (f) => new Proxy(f, new Proxy({}, { get(target, trap) { traps.push(trap); } }));
  db.count('proxy_as_callback', {}, spy(() => {
    setTimeout(spy(() => { response.body = { traps }; response.complete(); }), 0);
  }));
}
