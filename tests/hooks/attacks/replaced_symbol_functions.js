// attack: intrinsics: replaces Symbol, well-known symbols' users and Symbol.prototype
// expect: completed
// body: {"worked":1}
function onRequest(request, response) {
  const broken = () => { throw new Error('replaced'); };
  Object.defineProperty(Symbol.prototype, Symbol.toPrimitive, { value: broken, configurable: true });
  Symbol.prototype.toString = broken;
  globalThis.Symbol = broken;
  console.log(Array.prototype);
  db.insert('replaced_symbol_functions', [{}], (error, stored) => { response.body = { worked: stored.length }; response.complete(); });
}
