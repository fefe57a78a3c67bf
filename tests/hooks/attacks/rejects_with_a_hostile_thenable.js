// attack: thenable: rejects with an object whose then and toString never return
// expect: hook_threw
// debug: (unhandled promise rejection)
function onRequest() {
  const endless = () => { for (;;) {} };
  Promise.reject({ then: endless, toString: endless, get message() { return endless(); } });
}
