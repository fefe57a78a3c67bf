// Documents: one set of operations behind `db` (plain) and the modules of Kinvey's dialects.
(function (parts) {
  'use strict';
  const { bridge, clock } = parts;
  const { apply, call, host, isArray, keys, list, put, split, toNumber, toString } = bridge;
  const { ErrorCtor, TypeErrorCtor } = bridge;
  const hexPattern = /^[0-9a-fA-F]{24}$/;
  const exec = RegExp.prototype.exec;
  const { indexOf, padStart, toLowerCase: lower } = String.prototype;
  const numberToString = Number.prototype.toString;
  const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
  const isFinite = Number.isFinite, { abs, floor } = Math;

  // As MongoDB makes them: the second, five random bytes of this process, a counter.
  function newId() {
    const seconds = apply(numberToString, floor(clock.now() / 1000), [16]);
    return apply(padStart, seconds, [8, '0']) + host.uniqueId();
  }

  // An ObjectID is its 24 hexadecimal digits, in documents, in queries and in JSON.
  class ObjectID {
    #hex;
    constructor(id) {
      const text = id === undefined || id === null ? newId() : toString(id);
      if (apply(exec, hexPattern, [text]) === null) {
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

  // ---- queries: a regular expression of the language is a $regex ----
  const regExpPrototype = RegExp.prototype;
  const sourceOf = getOwnPropertyDescriptor(regExpPrototype, 'source').get;
  const flagsOf = getOwnPropertyDescriptor(regExpPrototype, 'flags').get;
  const DEPTH_MAX = 100;
  const isObject = (value) => typeof value === 'object' && value !== null;
  const isRegExp = (value) => isObject(value) && getPrototypeOf(value) === regExpPrototype;
  function hasRegExp(value, depth) {
    if (!isObject(value) || depth > DEPTH_MAX) return false;
    if (isRegExp(value)) return true;
    if (typeof value.toJSON === 'function') return false;
    const names = keys(value);
    for (let i = 0; i < names.length; i++) if (hasRegExp(value[names[i]], depth + 1)) return true;
    return false;
  }
  function optionsOf(expression) {
    const flags = apply(flagsOf, expression, []);
    let out = '';
    for (let i = 0; i < flags.length; i++) if (apply(indexOf, 'ims', [flags[i]]) >= 0) out += flags[i];
    return out;
  }
  function withoutRegExp(value) {
    if (!isObject(value)) return value;
    if (isRegExp(value)) {
      return { __proto__: null, $regex: apply(sourceOf, value, []), $options: optionsOf(value) };
    }
    if (typeof value.toJSON === 'function') return value;
    const names = keys(value), out = isArray(value) ? [] : {};
    for (let i = 0; i < names.length; i++) {
      const name = names[i], inner = value[name];
      if (name === '$regex' && isRegExp(inner)) {
        put(out, '$regex', apply(sourceOf, inner, []));
        if (value.$options === undefined) put(out, '$options', optionsOf(inner));
      } else {
        put(out, name, withoutRegExp(inner));
      }
    }
    return out;
  }
  // A query as it is sent: an object, or its text, as `request.params.query` is one.
  function queryOf(query) { return hasRegExp(query, 0) ? withoutRegExp(query) : query; }

  // ---- options, as tolerant as Kinvey: what is unknown or makes no sense counts for nothing ----
  function countOf(value) {
    const number = typeof value === 'string' && value !== '' ? toNumber(value) : value;
    return typeof number === 'number' && isFinite(number) ? floor(abs(number)) : undefined;
  }
  function sortOf(value) {
    if (typeof value === 'string' && value !== '') return { __proto__: null, [value]: 1 };
    return isObject(value) ? value : undefined;
  }
  function fieldsOf(value) {
    if (!isArray(value)) return isObject(value) ? value : undefined;
    const out = list();
    for (let i = 0; i < value.length; i++) if (typeof value[i] === 'string') put(out, out.length, value[i]);
    return out.length === 0 ? undefined : plainArray(out);
  }
  function plainArray(values) {
    const out = [];
    for (let i = 0; i < values.length; i++) put(out, i, values[i]);
    return out;
  }
  function findOptions(given) {
    if (!isObject(given) || isArray(given)) return undefined;
    return {
      __proto__: null, sort: sortOf(given.sort), limit: countOf(given.limit), skip: countOf(given.skip),
      fields: fieldsOf(given.fields),
    };
  }
  // `true` or nothing: false is what a missing flag means.
  const flagOf = (value) => (value ? true : undefined);
  function updateOptions(given) {
    if (!isObject(given) || isArray(given)) return undefined;
    return { __proto__: null, upsert: flagOf(given.upsert), multi: flagOf(given.multi || given.updateMultiple) };
  }
  function modifyOptions(given) {
    if (!isObject(given) || isArray(given)) return undefined;
    return {
      __proto__: null, new: flagOf(given.new || given.returnModifiedEntity), upsert: flagOf(given.upsert),
      remove: flagOf(given.remove), fields: fieldsOf(given.fields),
    };
  }
  const numberOf = (value) => {
    const number = typeof value === 'string' && value !== '' ? toNumber(value) : value;
    return typeof number === 'number' && isFinite(number) ? number : undefined;
  };
  // What is no number is refused by the store, in words.
  const orNumber = (value) => {
    const number = numberOf(value);
    return number === undefined ? value : number;
  };
  function nearOptions(given) {
    if (!isObject(given) || isArray(given)) return undefined;
    return {
      __proto__: null, query: queryOf(given.query), limit: countOf(given.limit), num: countOf(given.num),
      maxDistance: numberOf(given.maxDistance), minDistance: numberOf(given.minDistance),
      spherical: flagOf(given.spherical), distanceMultiplier: numberOf(given.distanceMultiplier),
      distanceField: typeof given.distanceField === 'string' ? given.distanceField : undefined,
    };
  }

  // ---- the operations: the arguments of a host call from those of a script ----
  const count = (reply) => reply.count;
  const affected = (reply) => reply.numberAffected;
  const entity = (reply) => reply.entity;
  const first = (reply) => reply[0];
  const operations = {
    __proto__: null,
    find: { __proto__: null, args: (v) => ({ __proto__: null, query: queryOf(v[0]), options: v[1] }), options: findOptions },
    findOne: { __proto__: null, args: (v) => ({ __proto__: null, query: queryOf(v[0]), options: v[1] }), options: findOptions },
    insert: { __proto__: null, args: (v) => ({ __proto__: null, entity: v[0] }) },
    save: { __proto__: null, args: (v) => ({ __proto__: null, entity: v[0] }) },
    update: {
      __proto__: null,
      args: (v) => ({ __proto__: null, query: queryOf(v[0]), entity: v[1], options: v[2] }),
      options: updateOptions, convert: affected,
    },
    remove: { __proto__: null, args: (v) => ({ __proto__: null, query: queryOf(v[0]) }), convert: count },
    findAndModify: {
      __proto__: null,
      args: (v) => ({ __proto__: null, query: queryOf(v[0]), sort: sortOf(v[1]), entity: v[2], options: v[3] }),
      options: modifyOptions, convert: entity,
    },
    findAndRemove: { __proto__: null, args: (v) => ({ __proto__: null, query: queryOf(v[0]), sort: sortOf(v[1]) }) },
    count: { __proto__: null, args: (v) => ({ __proto__: null, query: queryOf(v[0]) }), convert: count },
    distinct: { __proto__: null, args: (v) => ({ __proto__: null, key: v[0], query: v[1] === undefined ? {} : queryOf(v[1]) }) },
    geoNear: {
      __proto__: null,
      args: (v) => ({ __proto__: null, x: orNumber(v[0]), y: orNumber(v[1]), options: v[2] }),
      options: nearOptions,
    },
  };
  for (const name in operations) operations[name].method = 'db.' + name;

  // The host call of Kinvey's operation `name`.
  function prepare(name, collection, values) {
    const { args, convert, method, options } = operations[name];
    const out = args(values);
    out.collection = collection;
    if (options !== undefined) out.options = options(out.options);
    return { __proto__: null, method, args: out, convert };
  }

  // ---- `db`: strict about its options; a query that is left out means every document; an inserted
  // object comes back as an object ----
  const plainNames = ['find', 'findOne', 'insert', 'save', 'update', 'remove', 'count'];
  const queries = { __proto__: null, find: true, findOne: true, update: true, remove: true, count: true };
  function plain(name, collection, values, callback) {
    const { args, convert, method } = operations[name];
    const out = args(values);
    out.collection = collection;
    if (queries[name] && out.query === undefined) out.query = {};
    const single = name === 'insert' && !isArray(values[0]);
    return call(method, out, single ? first : convert, callback);
  }
  function plainHandle(collection) {
    if (typeof collection !== 'string') {
      throw new TypeErrorCtor(`collection needs a name, it was given ${typeof collection}`);
    }
    const out = {};
    for (let i = 0; i < plainNames.length; i++) {
      const name = plainNames[i];
      put(out, name, { [name](...args) {
        const { values, callback } = split(args, 0);
        return plain(name, collection, values, callback);
      } }[name]);
    }
    return out;
  }

  // The collection comes first, or is the one that the hook hangs on.
  function database(own) {
    const db = { collection: plainHandle, objectID };
    for (let i = 0; i < plainNames.length; i++) {
      const name = plainNames[i];
      put(db, name, { [name](...args) {
        let { values, callback } = split(args, 0);
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
        return plain(name, collection, values, callback);
      } }[name]);
    }
    return db;
  }

  return { __proto__: null, countOf, database, isObject, newId, objectID, prepare, queryOf, sortOf };
})
