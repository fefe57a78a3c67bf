// attack: floods: keeps two microtasks going for ever
// expect: hook_timeout
// debug: wall limit of 400 ms
// limit: timeout_ms=400
function onRequest() {
  const ping = () => queueMicrotask(pong), pong = () => queueMicrotask(ping);
  ping();
}
