// attack: identity: reads host objects through `this` of the hook and of the script
// expect: completed
// body: {"hook":true,"script":true}
const script = this;
function onRequest(request, response) {
  response.body = { hook: this === globalThis, script: script === globalThis };
  response.complete();
}
