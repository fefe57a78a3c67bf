// attack: intrinsics: replaces every method of arrays, then uses the API
// expect: completed
// body: {"worked":[1,1,"late"]}
function onRequest(request, response, modules) {
  const broken = () => { throw new Error('replaced'); };
  for (const name of Object.getOwnPropertyNames(Array.prototype)) {
    if (typeof Array.prototype[name] === 'function' && name !== 'constructor') Array.prototype[name] = broken;
  }
  Array.isArray = Array.from = Array.of = broken;
  Array.prototype[Symbol.iterator] = broken;
  db.insert('replaced_array_methods', [{ n: 1 }], function (error, stored) {
    db.count('replaced_array_methods', function (error, count) {
      setTimeout(function (text) {
        console.log('a', text);
        response.body = { worked: [stored.length, count, text] };
        response.complete();
      }, 1, 'late');
    });
  });
}
