// attack: intrinsics: replaces Number, isNaN and Math, so that delays and statuses are wrong
// expect: completed
// body: {"worked":true}
function onRequest(request, response) {
  const broken = () => { throw new Error('replaced'); };
  for (const name of Object.getOwnPropertyNames(Math)) if (typeof Math[name] === 'function') Math[name] = broken;
  Number.isNaN = Number.isInteger = Number.isFinite = () => true;
  Number.prototype.toString = Number.prototype.valueOf = broken;
  globalThis.Number = globalThis.isNaN = globalThis.isFinite = broken;
  setTimeout(() => {
    response.body = { worked: true };
    response.complete('201');
  }, '1');
}
