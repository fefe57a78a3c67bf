function onRequest(request, response) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0);
  response.complete();
}
