// attack: proxy: logs and calls the host from traps while it is serialised
// expect: completed
// body: {"a":1,"b":2}
function onRequest(request, response) {
  response.body = new Proxy({ a: 1, b: 2 }, {
    get(target, key) { console.log(String(key)); db.count('proxy_as_response', {}, () => {}); setTimeout(() => {}, 0); return target[key]; },
  });
  response.complete();
}
