// A rejection that is no Error: it has no stack, and no line.
async function onRequest() {
  throw 'no more stock';
}
