// The vendored libraries, each called once as the CommonJS module that it is. They run in the hooks'
// realm with the hooks' intrinsics, and get nothing of the host.
(function (parts, global) {
  'use strict';
  const { bridge, vendored } = parts;
  const { apply, create, hidden, put, ErrorCtor } = bridge;
  const PromiseCtor = Promise;

  const loaded = create(null);
  function require(name) {
    if (loaded[name] === undefined) throw new ErrorCtor(`Cannot find module '${name}'`);
    return loaded[name];
  }
  // `navigator` keeps bluebird from making code from strings, which a worker may have forbidden.
  function load(name) {
    const module = { exports: {} };
    apply(vendored[name], undefined, [module.exports, module, require, global, {}]);
    put(loaded, name, module.exports);
    return module.exports;
  }

  const moment = load('moment'), async = load('async'), bluebird = load('bluebird');
  const lodash = load('lodash'), mustache = load('mustache');
  load('base64-js');
  load('ieee754');
  const { Buffer } = load('buffer');
  hidden(global, 'Buffer', Buffer);

  // Kinvey's moment was an old one: its argument orders are no news to anybody.
  moment.suppressDeprecationWarnings = true;
  // A rejection that nobody has looked after ends the hook, as one of the language's promises.
  bluebird.onPossiblyUnhandledRejection((reason) => {
    new PromiseCtor((resolve, reject) => { reject(reason); });
  });

  // A promise of bluebird's for what `start` tells its callback.
  function promised(start) {
    return new bluebird((resolve, reject) => {
      start((error, result) => {
        if (error) reject(error);
        else resolve(result);
      });
    });
  }

  return {
    __proto__: null, async, bluebird, Buffer, lodash, moment, promised, render: mustache.render,
  };
})
