function onRequest(request, response, modules) {
  const broken = function () { throw new Error('a replaced intrinsic was called'); };
  const owners = [
    Array.prototype, Array, Promise.prototype, Promise, JSON, Function.prototype, Object, Object.prototype,
    String.prototype, String, Number, Number.prototype, RegExp.prototype, Reflect, Error.prototype, Math,
    Map.prototype, Set.prototype, Symbol.prototype,
  ];
  const { getOwnPropertyNames, getOwnPropertyDescriptor } = Object;
  const defineProperty = Reflect.defineProperty;
  const books = modules.collectionAccess.collection('books');
  const todo = [];
  for (const owner of owners) {
    for (const name of getOwnPropertyNames(owner)) {
      if (name === 'constructor' || name === '__proto__') continue;
      const now = getOwnPropertyDescriptor(owner, name);
      if (now.configurable && typeof now.value === 'function') todo.push([owner, name]);
    }
  }
  const count = todo.length;
  const replaced = { value: broken, writable: true, configurable: true, enumerable: false };
  for (let i = 0; i < count; i++) defineProperty(todo[i][0], todo[i][1], replaced);
  Object.prototype.toJSON = undefined;
  Array.prototype[Symbol.iterator] = broken;
  books.insert({ title: 'Emma' }, function (error, stored) {
    books.find({ title: 'Emma' }, function (error, found) {
      modules.logger.info(found[0]);
      console.log('and', 1, found[0]);
      setTimeout(function () {
        response.body = { title: found[0].title, replaced: count > 100 };
        response.complete(201);
      }, 1);
    });
  });
}
