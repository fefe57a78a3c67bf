function onRequest() {
  function forever() { for (;;) {} }
  throw new Proxy({}, { get: forever, has: forever, getPrototypeOf: forever, ownKeys: forever });
}
