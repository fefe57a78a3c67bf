// The vendored libraries, each called once as the CommonJS module that it is. They run in the hooks'
// realm with the hooks' intrinsics, and get nothing of the host. `load` comes after everything else
// has been made and warmed up: what each job writes on is then close together, and not among them.
(function (parts, global) {
  'use strict';
  const { bridge } = parts;
  const { apply, create, hidden, keys, put, ErrorCtor } = bridge;
  const PromiseCtor = Promise;

  const exported = create(null);
  function require(name) {
    if (exported[name] === undefined) throw new ErrorCtor(`Cannot find module '${name}'`);
    return exported[name];
  }
  // `navigator` keeps bluebird from making code from strings, which a worker may have forbidden.
  function take(vendored, name) {
    const module = { exports: {} };
    apply(vendored[name], undefined, [module.exports, module, require, global, {}]);
    put(exported, name, module.exports);
    return module.exports;
  }

  // Filled by `load`.
  const loaded = {
    __proto__: null, async: undefined, bluebird: undefined, bufferPrototype: undefined, lodash: undefined,
    moment: undefined, render: undefined,
  };

  // What lodash 4 calls otherwise, under the names that scripts of 2013 and 2014 know. In a chain,
  // a list stays wrapped.
  const lists = {
    collect: 'map', compose: 'flowRight', indexBy: 'keyBy', methods: 'functions', object: 'zipObject',
    pairs: 'toPairs', pluck: 'map', select: 'filter', sortByAll: 'sortBy', sortByOrder: 'orderBy',
    unique: 'uniq', where: 'filter',
  };
  const values = {
    all: 'every', any: 'some', contains: 'includes', detect: 'find', findWhere: 'find', foldl: 'reduce',
    foldr: 'reduceRight', include: 'includes', inject: 'reduce', padLeft: 'padStart', padRight: 'padEnd',
    trimLeft: 'trimStart', trimRight: 'trimEnd', trunc: 'truncate',
  };
  function addOldNames(lodash) {
    for (const [names, chain] of [[lists, true], [values, false]]) {
      const source = {};
      for (const name of keys(names)) source[name] = lodash[names[name]];
      lodash.mixin(source, { chain });
    }
  }

  function load(vendored) {
    const moment = take(vendored, 'moment'), bluebird = take(vendored, 'bluebird'), lodash = take(vendored, 'lodash');
    loaded.async = take(vendored, 'async');
    loaded.render = take(vendored, 'mustache').render;
    take(vendored, 'base64-js');
    take(vendored, 'ieee754');
    const { Buffer } = take(vendored, 'buffer');
    loaded.bufferPrototype = Buffer.prototype;
    hidden(global, 'Buffer', Buffer);
    addOldNames(lodash);
    // Kinvey's moment was an old one: its argument orders are no news to anybody.
    moment.suppressDeprecationWarnings = true;
    // A rejection that nobody has looked after ends the hook, as one of the language's promises.
    bluebird.onPossiblyUnhandledRejection((reason) => {
      new PromiseCtor((resolve, reject) => { reject(reason); });
    });
    loaded.bluebird = bluebird;
    loaded.lodash = lodash;
    loaded.moment = moment;
  }

  // A promise of bluebird's for what `start` tells its callback.
  function promised(start) {
    return new loaded.bluebird((resolve, reject) => {
      start((error, result) => {
        if (error) reject(error);
        else resolve(result);
      });
    });
  }

  // Marks a function as the promising twin of another: `bluebird.promisifyAll` leaves both alone.
  function twinOf(fn) {
    hidden(fn, '__isPromisified__', true);
    return fn;
  }

  return { __proto__: null, load, loaded, promised, twinOf };
})
