// Documents: one set of operations behind `db` (plain) and `modules.collectionAccess` (Kinvey).
(function (bridge, global) {
  'use strict';
  const { call, hidden, list, put, TypeErrorCtor, ErrorCtor, apply, toString } = bridge;
  const hexPattern = /^[0-9a-fA-F]{24}$/;
  const test = RegExp.prototype.exec;
  const lower = String.prototype.toLowerCase;

  // An ObjectID is its 24 hexadecimal digits, in documents, in queries and in JSON.
  class ObjectID {
    #hex;
    constructor(id) {
      const text = toString(id);
      if (apply(test, hexPattern, [text]) === null) {
        throw new ErrorCtor(`objectID needs a string of 24 hexadecimal digits, it was given ${text}`);
      }
      this.#hex = apply(lower, text, []);
    }
    toString() { return this.#hex; }
    toHexString() { return this.#hex; }
    toJSON() { return this.#hex; }
    equals(other) { return toString(other) === this.#hex; }
  }
  function objectID(id) { return new ObjectID(id); }

  // Splits off a trailing callback: (a, b, fn) is [a, b] and fn. Callbacks may stand anywhere
  // after the needed arguments, as tenants write them.
  function split(args) {
    const values = list();
    let callback;
    for (let i = 0; i < args.length; i++) {
      if (typeof args[i] === 'function') { callback = args[i]; break; }
      values[i] = args[i];
    }
    return { __proto__: null, values, callback };
  }

  const count = (reply) => reply.count;
  const affected = (reply) => reply.numberAffected;
  const first = (reply) => reply[0];

  // `plain`: an inserted object comes back as an object; Kinvey always gives an array.
  // A plain call may leave its query out and means every document; Kinvey's refuses that.
  function operations(collection, plain) {
    const wanted = (query) => (plain && query === undefined ? {} : query);
    return {
      find(values, callback) {
        return call('db.find', { __proto__: null, collection, query: wanted(values[0]), options: values[1] }, undefined, callback);
      },
      findOne(values, callback) {
        return call('db.findOne', { __proto__: null, collection, query: wanted(values[0]), options: values[1] }, undefined, callback);
      },
      insert(values, callback) {
        const convert = plain && !bridge.isArray(values[0]) ? first : undefined;
        return call('db.insert', { __proto__: null, collection, entity: values[0] }, convert, callback);
      },
      save(values, callback) {
        return call('db.save', { __proto__: null, collection, entity: values[0] }, undefined, callback);
      },
      update(values, callback) {
        const args = { __proto__: null, collection, query: wanted(values[0]), entity: values[1], options: values[2] };
        return call('db.update', args, affected, callback);
      },
      remove(values, callback) {
        return call('db.remove', { __proto__: null, collection, query: wanted(values[0]) }, count, callback);
      },
      count(values, callback) {
        return call('db.count', { __proto__: null, collection, query: wanted(values[0]) }, count, callback);
      },
    };
  }
  const names = ['find', 'findOne', 'insert', 'save', 'update', 'remove', 'count'];

  // A handle whose methods work detached and whose results are promises and callbacks alike.
  function handle(collection, plain) {
    if (typeof collection !== 'string') {
      throw new TypeErrorCtor(`collection needs a name, it was given ${typeof collection}`);
    }
    const run = operations(collection, plain);
    const out = {};
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      put(out, name, { [name](...args) {
        const { values, callback } = split(args);
        const promise = run[name](values, callback);
        // Kinvey's calls are fire and forget: without a callback nobody hears of a failure, and
        // it must not end the hook.
        if (!plain && callback === undefined) bridge.ignore(promise);
        return plain ? promise : undefined;
      } }[name]);
      if (!plain) {
        const twin = name + 'Async';
        hidden(out, twin, { [twin](...args) { return run[name](split(args).values); } }[twin]);
      }
    }
    if (!plain) put(out, 'objectID', objectID);
    return out;
  }

  // `db`: the collection comes first, or is the one that the hook hangs on.
  function database(own) {
    const db = {
      collection(name) { return handle(name, true); },
      objectID,
    };
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      put(db, name, { [name](...args) {
        let { values, callback } = split(args);
        let collection = own;
        if (typeof values[0] === 'string') {
          collection = values[0];
          const rest = list();
          for (let i = 1; i < values.length; i++) rest[i - 1] = values[i];
          values = rest;
        }
        if (typeof collection !== 'string') {
          throw new TypeErrorCtor(`db.${name} needs a collection: db.${name}('books', …)`);
        }
        return operations(collection, true)[name](values, callback);
      } }[name]);
    }
    return db;
  }

  function collectionAccess() {
    return {
      collection(name) { return handle(name, false); },
      collectionExists(name, callback) {
        if (typeof callback !== 'function') callback = bridge.noop;
        call('db.collectionExists', { __proto__: null, collection: name }, undefined, callback);
      },
      objectID,
    };
  }

  return { __proto__: null, database, collectionAccess };
})
