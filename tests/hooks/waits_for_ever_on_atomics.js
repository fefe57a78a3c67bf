function onRequest(request, response) {
  // Shared memory is off, so there is nothing that a wait could be for; neither can it be forced.
  Atomics.wait(new Int32Array(new ArrayBuffer(8)), 0, 0);
  response.complete();
}
