// attack: stack: makes every reading of a stack throw and lets the host report an error
// expect: hook_threw
// debug: TypeError: told
function onRequest() {
  Error.prepareStackTrace = () => { throw new Error('from prepareStackTrace'); };
  Object.defineProperty(Error.prototype, 'stack', { get() { throw new Error('from stack'); }, configurable: true });
  throw new TypeError('told');
}
