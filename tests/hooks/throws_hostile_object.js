// Whoever asks this object for anything never hears from it again.
function onRequest() {
  function forever() { for (;;) {} }
  function refuse() { throw new Error('not for you'); }
  const hostile = { toString: forever, valueOf: forever, toJSON: forever };
  for (const name of ['message', 'name', 'stack', 'code']) {
    Object.defineProperty(hostile, name, { get: refuse, enumerable: true });
  }
  throw hostile;
}
