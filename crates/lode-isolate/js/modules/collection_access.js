// `modules.collectionAccess`: MongoDB's driver of 2013, as far as Kinvey had it. Calls are fire and
// forget; without a callback nobody hears of a failure, and it does not end the hook.
(function (parts) {
  'use strict';
  const { bridge, data, libraries, reduction } = parts;
  const { hidden, list, put, split, start, TypeErrorCtor } = bridge;
  const { objectID, prepare } = data;
  const { promised, twinOf } = libraries;

  function operation(name) {
    return (collection, args, callback) => {
      const { method, args: sent, convert } = prepare(name, collection, args);
      start(method, sent, convert, callback);
    };
  }
  // The callback of `group` is the last function: one to finalize may stand before it.
  function splitLast(args, from) {
    const values = list();
    let callback;
    for (let i = 0; i < args.length; i++) {
      values[i] = args[i];
      if (i >= from && typeof args[i] === 'function') callback = args[i];
    }
    return { __proto__: null, values, callback };
  }

  // From which argument on a function is the callback.
  const methods = { __proto__: null };
  const names = [
    'find', 'findOne', 'insert', 'save', 'update', 'remove', 'findAndModify', 'findAndRemove', 'count',
    'distinct', 'geoNear',
  ];
  for (let i = 0; i < names.length; i++) {
    methods[names[i]] = { __proto__: null, run: operation(names[i]), take: split, from: 0 };
  }
  names[names.length] = 'group';
  names[names.length] = 'mapReduce';
  methods.group = { __proto__: null, run: reduction.group, take: splitLast, from: 4 };
  methods.mapReduce = { __proto__: null, run: reduction.mapReduce, take: split, from: 2 };

  function collection(name) {
    if (typeof name !== 'string') {
      throw new TypeErrorCtor(`collection needs a name, it was given ${typeof name}`);
    }
    const out = {};
    for (let i = 0; i < names.length; i++) {
      const method = names[i], twin = method + 'Async', { run, take, from } = methods[method];
      put(out, method, { [method](...args) {
        const { values, callback } = take(args, from);
        run(name, values, callback);
      } }[method]);
      hidden(out, twin, twinOf({ [twin](...args) {
        const { values } = take(args, from);
        return promised((callback) => { run(name, values, callback); });
      } }[twin]));
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
  hidden(collectionAccess, 'collectionExistsAsync', twinOf(function collectionExistsAsync(name) {
    return promised((callback) => { exists(name, callback); });
  }));

  return { __proto__: null, collectionAccess };
})
