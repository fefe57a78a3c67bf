// One hook's surroundings: request, response, modules, `complete`. Built per job by `begin`.
(function (bridge, data, egress, clock, global) {
  'use strict';
  const { call, callNow, hidden, host, ignore, jsonParse, jsonStringify, keys, later, log, show, toNumber, toString } = bridge;
  const isInteger = Number.isInteger;
  const indexOf = String.prototype.indexOf, slice = String.prototype.slice;
  const toLowerCase = String.prototype.toLowerCase;
  const fromCharCode = String.fromCharCode;
  const { apply, TypeErrorCtor } = bridge;

  // ---- the end of a hook: the first terminal call wins ----
  let request, response;
  let finished = false;

  function headerText(value) {
    if (typeof value === 'string') return value;
    if (typeof value !== 'object' || value === null) return toString(value);
    const json = jsonStringify(value);
    if (json === undefined) return '';
    return json[0] === '"' ? jsonParse(json) : json;
  }
  function headerTexts(headers) {
    const out = { __proto__: null };
    if (typeof headers === 'object' && headers !== null) {
      const names = keys(headers);
      for (let i = 0; i < names.length; i++) {
        const name = names[i];
        if (headers[name] !== undefined) out[name] = headerText(headers[name]);
      }
    }
    return out;
  }
  function json(value) {
    const text = jsonStringify(value);
    return text === undefined ? 'null' : text;
  }

  function finish(tag, status) {
    if (finished) return;
    finished = true;
    let what = 'response.body';
    let body, headers, left;
    try {
      body = json(response.body);
      what = 'response.headers';
      headers = jsonStringify(headerTexts(response.headers));
      what = 'request';
      left = json(request);
    } catch (error) {
      host.unserialisable(what, error);
      return;
    }
    host.finish(tag, status, headers, body, left);
  }

  function fail(value) {
    if (finished) return;
    finished = true;
    // Errors are described by the host, which runs none of their code; other objects are shown
    // as JSON, which is what a tenant wants to read.
    let told = value;
    try {
      const plain = typeof value === 'object' && value !== null;
      if (plain && !(value instanceof bridge.ErrorCtor)) told = show(value);
    } catch {
      // A proxy or a Symbol.hasInstance that throws: the host describes it as it is.
    }
    host.fail(told);
  }

  // Kinvey scripts pass all sorts of things; only an HTTP status counts.
  function statusOf(value, otherwise) {
    const number = typeof value === 'string' ? toNumber(value) : value;
    return isInteger(number) && number >= 100 && number <= 599 ? number : otherwise;
  }

  function makeResponse(given) {
    const out = given;
    if (typeof out.headers !== 'object' || out.headers === null) out.headers = {};
    if (out.body === undefined) out.body = {};
    hidden(out, 'complete', function complete(status) { finish('completed', statusOf(status, 200)); });
    hidden(out, 'continue', function () {
      // A post hook goes on with the status that the database action had.
      finish('continued', statusOf(out.status !== undefined ? out.status : out.statusCode, 200));
    });
    hidden(out, 'error', function error(message) { fail(message); });
    return out;
  }

  // Kinvey's header names are lower-case, whatever the producer wrote.
  function lowerCaseKeys(headers) {
    const out = {};
    const names = keys(headers);
    for (let i = 0; i < names.length; i++) out[apply(toLowerCase, names[i], [])] = headers[names[i]];
    return out;
  }

  const objectFields = ['headers', 'body', 'params', 'tempObjectStore'];
  const methods = {
    __proto__: null, onPreFetch: 'GET', onPostFetch: 'GET', onPreDelete: 'DELETE',
    onPostDelete: 'DELETE', onPreUpdate: 'PUT', onPostUpdate: 'PUT',
  };
  function makeRequest(given, name, functionName) {
    const out = given;
    if (out.method === undefined) out.method = methods[functionName] || 'POST';
    for (let i = 0; i < objectFields.length; i++) {
      const name = objectFields[i];
      if (out[name] === undefined || (out[name] === null && name !== 'body')) out[name] = {};
    }
    out.headers = lowerCaseKeys(out.headers);
    const params = out.params;
    // Scripts parse it themselves: it is a string, also when the producer sent an object.
    if (typeof params.query === 'object' && params.query !== null) {
      params.query = jsonStringify(params.query);
    }
    if (out.entityId === undefined) {
      const id = params.id !== undefined ? params.id : params.userid;
      if (id !== undefined) out.entityId = id;
    }
    if (out.collectionName === undefined && typeof name === 'string') out.collectionName = name;
    return out;
  }

  // ---- Kinvey's modules ----
  function logger() {
    const write = (level) => (message, callback) => {
      log(level, [message === undefined ? null : message]);
      if (typeof callback === 'function') later(callback);
    };
    return { info: write('info'), warn: write('warning'), error: write('error'), fatal: write('fatal') };
  }

  function tempObjectStore() {
    const store = () => {
      if (typeof request.tempObjectStore !== 'object' || request.tempObjectStore === null) {
        request.tempObjectStore = {};
      }
      return request.tempObjectStore;
    };
    return {
      get(key) { return store()[key]; },
      set(key, value) { store()[key] = value; return value; },
      getAll() { return store(); },
    };
  }

  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  function fromBase64(text) {
    let out = '', bits = 0, value = 0;
    for (let i = 0; i < text.length; i++) {
      const digit = apply(indexOf, alphabet, [text[i]]);
      if (digit < 0) break;
      value = (value << 6) | digit;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        out += fromCharCode((value >> bits) & 0xff);
      }
    }
    return out;
  }
  // The keys stay with the master: it compares, and hands out what a hook asks for by name.
  function securityContext(appKey) {
    const header = request.headers.authorization;
    if (typeof header !== 'string' || apply(slice, header, [0, 6]) !== 'Basic ') return 'unknown';
    const pair = fromBase64(apply(slice, header, [6]));
    const colon = apply(indexOf, pair, [':']);
    if (colon < 0) return 'unknown';
    if (apply(slice, pair, [0, colon]) !== appKey) return 'user';
    return callNow('app.securityContext', { __proto__: null, secret: apply(slice, pair, [colon + 1]) });
  }

  // How far the job is: any JSON. Nobody has to wait for it, and what becomes of it ends no hook.
  function progress(value, callback) {
    const told = value === undefined ? null : value;
    const calledBack = typeof callback === 'function' ? callback : undefined;
    const promise = call('job.progress', { __proto__: null, value: told }, undefined, calledBack);
    ignore(promise);
    return promise;
  }

  function makeModules(appKey) {
    return {
      logger: logger(),
      collectionAccess: data.collectionAccess(),
      request: egress.requestModule,
      utils: { tempObjectStore: tempObjectStore() },
      backendContext: {
        getAppKey() { return appKey; },
        getAppSecret() { return callNow('app.appSecret', {}); },
        getMasterSecret() { return callNow('app.masterSecret', {}); },
        getSecurityContext() { return securityContext(appKey); },
        getAuthenticatedUsername() { return request.username; },
      },
      progress(value, callback) { progress(value, callback); },
    };
  }

  // ---- the plain dialect ----
  function complete(error, result) {
    if (error) { fail(error); return; }
    if (finished) return;
    if (arguments.length > 1) response.body = result;
    finish('completed', 200);
  }

  // Called by the host with the job; returns the arguments of a Kinvey hook.
  function begin(requestText, responseText, appKey, collection, functionName, endpoint, clockKind) {
    finished = false; // the warm-up has ended once
    clock.set(clockKind);
    const named = collection !== undefined ? collection : endpoint;
    request = makeRequest(
      requestText === undefined ? {} : jsonParse(requestText), named, functionName);
    response = makeResponse(responseText === undefined ? {} : jsonParse(responseText));
    // `db` means the hook's collection, never an endpoint's name.
    const given = endpoint === undefined ? request.collectionName : undefined;
    const own = typeof given === 'string' ? given : collection;
    hidden(global, 'complete', complete);
    hidden(global, 'progress', progress);
    hidden(global, 'db', data.database(own));
    hidden(global, 'request', request);
    hidden(global, 'fetch', egress.fetch);
    return [request, response, makeModules(appKey)];
  }

  return { __proto__: null, begin, reply: bridge.reply, timer: bridge.timer };
})
