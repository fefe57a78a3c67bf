// attack: proxy: completes with a Proxy that has been revoked
// expect: hook_threw
// debug: response.body cannot be serialised: TypeError
function onRequest(request, response) {
  const { proxy, revoke } = Proxy.revocable({}, {});
  response.body = proxy;
  revoke();
  response.complete();
}
