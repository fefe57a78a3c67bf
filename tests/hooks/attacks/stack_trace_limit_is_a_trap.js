// attack: stack: replaces stackTraceLimit by a getter that never returns
// expect: hook_threw
// debug: Error: told
function onRequest() {
  Object.defineProperty(Error, 'stackTraceLimit', { get() { for (;;) {} }, configurable: true });
  throw new Error('told');
}
