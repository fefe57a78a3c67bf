// attack: thenable: resolves a promise with itself
// expect: hook_threw
// debug: Chaining cycle detected for promise
function onRequest() {
  let resolve;
  const promise = new Promise((r) => { resolve = r; });
  resolve(promise);
}
