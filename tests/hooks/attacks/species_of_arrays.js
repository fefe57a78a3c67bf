// attack: species: replaces Array[Symbol.species] and the constructor of arrays
// expect: completed
// body: {"worked":["a","b",1],"hijacked":0}
function onRequest(request, response) {
  let hijacked = 0;
  class Thief extends Array { constructor(...args) { super(...args); hijacked++; } }
  Object.defineProperty(Array, Symbol.species, { get: () => Thief, configurable: true });
  Array.prototype.constructor = Thief;
  setTimeout(function (a, b) {
    db.insert('species_of_arrays', [{}], function (error, stored) {
      response.body = { worked: [a, b, stored.length], hijacked };
      response.complete();
    });
  }, 0, 'a', 'b');
}
