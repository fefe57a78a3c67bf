// An Error whose every part is a trap.
function onRequest() {
  function forever() { for (;;) {} }
  Error.prepareStackTrace = forever;
  const error = new TypeError('told');
  Object.defineProperty(error, 'stack', { get: forever });
  Object.defineProperty(error, 'name', { get: forever });
  error.toString = forever;
  throw error;
}
