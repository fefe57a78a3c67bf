function onRequest(request, response, modules) {
  function told(body) { try { body(); } catch (error) { return [error.code, error.message]; } }
  response.body = [
    told(function () { modules.pubnub.init({ publish_key: 'k' }).publish({}); }),
    told(function () { modules.xmpp.getHandle({}); }),
    JSON.stringify(modules.pubnub), String(modules.xmpp), 'init' in modules.pubnub, Object.keys(modules).indexOf('xmpp') >= 0,
  ];
  response.complete();
}
