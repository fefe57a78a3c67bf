// Each link keeps the one before it: memory ends before time does.
function onRequest() {
  Promise.resolve().then(function again() { return Promise.resolve().then(again); });
}
