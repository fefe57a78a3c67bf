function onRequest() {
  queueMicrotask(function again() { queueMicrotask(again); });
}
