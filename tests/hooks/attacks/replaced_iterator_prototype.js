// attack: iterators: replaces next and return of every built-in iterator
// expect: completed
// body: {"worked":["Emma","a","b"]}
function onRequest(request, response) {
  const broken = () => { throw new Error('replaced'); };
  for (const source of [[].values(), new Map().values(), new Set().values(), ''[Symbol.iterator](), 'a'.matchAll(/a/g)]) {
    Object.getPrototypeOf(source).next = broken;
  }
  Array.prototype[Symbol.iterator] = Map.prototype[Symbol.iterator] = Set.prototype[Symbol.iterator] = broken;
  db.insert('replaced_iterator_prototype', { title: 'Emma' }, function (error, stored) {
    setTimeout(function (a, b) {
      response.body = { worked: [stored.title, a, b] };
      response.complete();
    }, 0, 'a', 'b');
  });
}
