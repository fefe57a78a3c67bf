// An error text that must not be copied as it is.
function onRequest() {
  throw new Error('x'.repeat(1e8));
}
