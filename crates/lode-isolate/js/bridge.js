// The bridge: captured intrinsics, host calls, timers. Runs once, in the zygote, before any
// tenant's code; whatever a hook later does to the intrinsics does not reach this file.
(function (parts, global) {
  'use strict';
  const { host } = parts;
  const { parse: jsonParse, stringify: jsonStringify } = JSON;
  const { create, defineProperty, keys, setPrototypeOf } = Object;
  const { isArray } = Array;
  const ErrorCtor = Error, TypeErrorCtor = TypeError, PromiseCtor = Promise;
  const toNumber = Number, toString = String, isNaN = Number.isNaN;
  const apply = Reflect.apply;
  const promiseThen = Promise.prototype.then;
  const errorToString = Error.prototype.toString;
  const mathFloor = Math.floor;

  function hidden(object, name, value) {
    defineProperty(object, name, {
      __proto__: null, value, writable: true, enumerable: false, configurable: true,
    });
  }
  // A property like any other; an assignment would meet a setter of the tenant's on a prototype.
  function put(object, name, value) {
    defineProperty(object, name, {
      __proto__: null, value, writable: true, enumerable: true, configurable: true,
    });
  }
  // A list whose elements no setter on Array.prototype or Object.prototype can swallow.
  function list() { return setPrototypeOf([], null); }
  function noop() {}

  // Pending host calls by id; a null prototype keeps a tenant's Object.prototype out.
  const pending = create(null);

  // Written as JSON it is what Kinvey's data proxy answered: code, message and debug.
  function failure(code, message) {
    const out = new ErrorCtor(message);
    hidden(out, 'name', code);
    put(out, 'code', code);
    put(out, 'message', message);
    put(out, 'debug', message);
    return out;
  }
  function hostError(error) { return failure(error.code, error.message); }

  // Starts a host call without a promise: `callback`, if there is one, hears of its end.
  function start(method, args, convert, callback) {
    const id = host.call(method, jsonStringify(args));
    pending[id] = { __proto__: null, resolve: undefined, reject: undefined, convert, callback };
  }

  // Starts a host call. Returns a promise; calls back node-style as well when asked to. A call
  // with a callback never leaves an unhandled rejection behind.
  function call(method, args, convert, callback) {
    const id = host.call(method, jsonStringify(args));
    let settle;
    const promise = new PromiseCtor((resolve, reject) => {
      settle = { __proto__: null, resolve, reject, convert, callback };
    });
    pending[id] = settle;
    if (callback !== undefined) ignore(promise);
    return promise;
  }

  // A host call that answers at once, for functions that return their result.
  function callNow(method, args) {
    const reply = host.callNow(method, jsonStringify(args));
    const value = jsonParse(reply[1]);
    if (reply[0]) return value;
    throw hostError(value);
  }

  // Marks a promise as looked after.
  function ignore(promise) { host.ignore(promise); }

  // Called by the host with a call's result.
  function reply(id, ok, text) {
    const settle = pending[id];
    if (settle === undefined) return;
    delete pending[id];
    // Called as plain functions: as methods they would get the record as their `this`.
    const { resolve, reject, convert, callback } = settle;
    const value = jsonParse(text);
    if (ok) {
      const result = convert === undefined ? value : convert(value);
      if (resolve !== undefined) resolve(result);
      if (callback !== undefined) callback(null, result);
    } else {
      const error = hostError(value);
      if (reject !== undefined) reject(error);
      if (callback !== undefined) callback(error);
    }
  }

  // A text for the log. A value that cannot be shown must not end the hook.
  function show(value) {
    try {
      if (typeof value === 'string') return value;
      if (typeof value === 'object' && value !== null) {
        if (value instanceof ErrorCtor) return apply(errorToString, value, []);
        const text = jsonStringify(value);
        return text === undefined ? '[object]' : text;
      }
      if (typeof value === 'function') return '[function]';
      return toString(value);
    } catch {
      return '[a value that cannot be shown]';
    }
  }
  function log(level, values) {
    let text = '';
    for (let i = 0; i < values.length; i++) text += (i === 0 ? '' : ' ') + show(values[i]);
    host.log(level, text);
  }

  // Timers: the host keeps the clock, this side the functions.
  const timers = create(null);
  let lastTimer = 0;
  function startTimer(name, fn, delay, repeat, args) {
    if (typeof fn !== 'function') {
      throw new TypeErrorCtor(`${name} needs a function, it was given ${typeof fn}`);
    }
    let ms = toNumber(delay);
    if (isNaN(ms) || ms < (repeat ? 1 : 0)) ms = repeat ? 1 : 0;
    // The longest delay of browsers and Node; above it they fire at once.
    if (ms > 2147483647) ms = 1;
    const id = ++lastTimer;
    timers[id] = { __proto__: null, fn, args, repeat };
    host.startTimer(id, mathFloor(ms), repeat);
    return id;
  }
  function stopTimer(id) {
    if (typeof id !== 'number' || timers[id] === undefined) return;
    delete timers[id];
    host.stopTimer(id);
  }
  // Called by the host when a timer is due.
  function timer(id) {
    const entry = timers[id];
    if (entry === undefined) return;
    if (!entry.repeat) delete timers[id];
    apply(entry.fn, global, entry.args);
  }

  // Calls back with no error, later: for functions whose callback nothing waits for.
  function later(callback) { startTimer('callback', callback, 0, false, [null]); }

  hidden(global, 'setTimeout', function setTimeout(fn, delay, ...args) {
    return startTimer('setTimeout', fn, delay, false, args);
  });
  hidden(global, 'setInterval', function setInterval(fn, delay, ...args) {
    return startTimer('setInterval', fn, delay, true, args);
  });
  hidden(global, 'setImmediate', function setImmediate(fn, ...args) {
    return startTimer('setImmediate', fn, 0, false, args);
  });
  hidden(global, 'clearTimeout', function clearTimeout(id) { stopTimer(id); });
  hidden(global, 'clearInterval', function clearInterval(id) { stopTimer(id); });
  hidden(global, 'clearImmediate', function clearImmediate(id) { stopTimer(id); });
  // Its own constructor keeps `then` from asking Promise.prototype, and so the tenant, for one.
  const resolved = PromiseCtor.resolve();
  hidden(resolved, 'constructor', undefined);
  hidden(global, 'queueMicrotask', function queueMicrotask(fn) {
    if (typeof fn !== 'function') throw new TypeErrorCtor('queueMicrotask needs a function');
    apply(promiseThen, resolved, [() => { fn(); }]);
  });

  // Its timeout would run on V8's own delayed tasks, which no event loop here waits for.
  delete Atomics.waitAsync;

  // Shared memory is off: there is no second thread to share with, and one that counted would be
  // a clock. WebAssembly could still make some; its buffers never come out.
  delete global.SharedArrayBuffer;
  const { Memory } = WebAssembly;
  const memoryBuffer = Object.getOwnPropertyDescriptor(Memory.prototype, 'buffer').get;
  const isPlainBuffer = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength').get;
  function plainBuffer(buffer) {
    try {
      apply(isPlainBuffer, buffer, []);
    } catch {
      throw new TypeErrorCtor('shared memory is not available');
    }
    return buffer;
  }
  defineProperty(Memory.prototype, 'buffer', {
    __proto__: null, configurable: true, enumerable: true, set: undefined,
    get() { return plainBuffer(apply(memoryBuffer, this, [])); },
  });
  for (const name of ['toFixedLengthBuffer', 'toResizableBuffer']) {
    const real = Memory.prototype[name];
    if (real !== undefined) {
      hidden(Memory.prototype, name, { [name]() { return plainBuffer(apply(real, this, [])); } }[name]);
    }
  }

  const console = {};
  const levels = {
    __proto__: null, log: 'info', info: 'info', debug: 'info', trace: 'info', dir: 'info',
    warn: 'warning', error: 'error',
  };
  for (const name of keys(levels)) {
    console[name] = { [name](...values) { log(levels[name], values); } }[name];
  }
  hidden(global, 'console', console);

  // Splits off a trailing callback: (a, b, fn) is [a, b] and fn. Callbacks may stand anywhere
  // from place `from` on, as tenants write them.
  function split(args, from) {
    const values = list();
    for (let i = 0; i < args.length; i++) {
      if (typeof args[i] === 'function' && i >= from) return { __proto__: null, values, callback: args[i] };
      values[i] = args[i];
    }
    return { __proto__: null, values, callback: undefined };
  }

  // The one job of this realm: what `begin` in hook.js was given. Modules are made once, before
  // there is a job, and look here.
  const job = { __proto__: null, request: undefined, response: undefined, appKey: '' };

  // The request's headers, whatever a hook has made of them.
  function requestHeaders() {
    const { request } = job;
    if (typeof request.headers !== 'object' || request.headers === null) put(request, 'headers', {});
    return request.headers;
  }

  return {
    __proto__: null, apply, call, callNow, create, failure, hidden, host, ignore, isArray, job, jsonParse, jsonStringify,
    keys, later, list, log, noop, put, reply, requestHeaders, show, split, start, timer, toNumber, toString,
    ErrorCtor, TypeErrorCtor,
  };
})
