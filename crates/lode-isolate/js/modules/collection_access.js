// `modules.collectionAccess`: MongoDB's driver of 2013, as far as Kinvey had it. Calls are fire and
// forget; without a callback nobody hears of a failure, and it does not end the hook.
(function (parts) {
  'use strict';
  const { bridge, data, libraries, reduction } = parts;
  const { hidden, put, split, start, TypeErrorCtor } = bridge;
  const { objectID, prepare } = data;
  const { promised } = libraries;

  function operation(name) {
    return (collection, args, callback) => {
      const { method, args: sent, convert } = prepare(name, collection, args);
      start(method, sent, convert, callback);
    };
  }
  // From which argument on a function is the callback.
  const methods = { __proto__: null };
  const names = [
    'find', 'findOne', 'insert', 'save', 'update', 'remove', 'findAndModify', 'findAndRemove', 'count',
    'distinct', 'geoNear',
  ];
  for (let i = 0; i < names.length; i++) {
    methods[names[i]] = { __proto__: null, run: operation(names[i]), from: 0 };
  }
  names[names.length] = 'group';
  names[names.length] = 'mapReduce';
  methods.group = { __proto__: null, run: reduction.group, from: 4 };
  methods.mapReduce = { __proto__: null, run: reduction.mapReduce, from: 2 };

  function collection(name) {
    if (typeof name !== 'string') {
      throw new TypeErrorCtor(`collection needs a name, it was given ${typeof name}`);
    }
    const out = {};
    for (let i = 0; i < names.length; i++) {
      const method = names[i], twin = method + 'Async', { run, from } = methods[method];
      put(out, method, { [method](...args) {
        const { values, callback } = split(args, from);
        run(name, values, callback);
      } }[method]);
      hidden(out, twin, { [twin](...args) {
        const { values } = split(args, from);
        return promised((callback) => { run(name, values, callback); });
      } }[twin]);
    }
    put(out, 'objectID', objectID);
    return out;
  }

  function exists(name, callback) {
    start('db.collectionExists', { __proto__: null, collection: name }, undefined, callback);
  }
  const collectionAccess = {
    collection,
    collectionExists(name, callback) { exists(name, typeof callback === 'function' ? callback : undefined); },
    objectID,
  };
  hidden(collectionAccess, 'collectionExistsAsync', function collectionExistsAsync(name) {
    return promised((callback) => { exists(name, callback); });
  });

  return { __proto__: null, collectionAccess };
})
