// Flex functions, `function (context, complete, modules)`: their context, their completion builder
// and their modules, over the same host calls as Kinvey's business logic.
(function (parts) {
  'use strict';
  const { bridge, contexts, data, entities, libraries, logger, messages, partners, query } = parts;
  const { apply, isArray, job, jsonParse, jsonStringify, later, put, start, ErrorCtor } = bridge;
  const { prepare } = data;
  const { Query } = query;
  const PromiseCtor = Promise;
  const functionText = Function.prototype.toString;
  const { indexOf, slice, startsWith, trim, trimStart } = String.prototype, { min } = Math;
  const isObject = (value) => typeof value === 'object' && value !== null;
  const missing = (value) => value === undefined || value === null;

  // A function is Flex's when its first parameters are called `context` and `complete`. No regular
  // expression: V8 would compile it anew in each child.
  function isFlex(fn) {
    const text = apply(functionText, fn, []), open = apply(indexOf, text, ['(']) + 1;
    const first = apply(indexOf, text, [',', open]);
    if (open === 0 || first < 0 || apply(trim, apply(slice, text, [open, first]), []) !== 'context') return false;
    const rest = apply(trimStart, apply(slice, text, [first + 1, first + 100]), []);
    if (!apply(startsWith, rest, ['complete'])) return false;
    const next = apply(trimStart, apply(slice, rest, ['complete'.length]), [])[0];
    return next === ',' || next === ')';
  }

  // ---- context ----
  function hookType(name) {
    if (name === undefined || name === 'onRequest') return 'customEndpoint';
    return apply(slice, name, [0, 5]) === 'onPre' ? 'pre' : 'post';
  }
  function parsed(value) {
    if (typeof value !== 'string') return value;
    try { return jsonParse(value); } catch { return value; }
  }
  const queryNames = ['query', 'sort', 'fields', 'limit', 'skip'];
  function queryOf(params) {
    const out = {};
    for (let i = 0; i < queryNames.length; i++) {
      const name = queryNames[i];
      if (params[name] !== undefined) put(out, name, params[name]);
    }
    return out;
  }
  function contextOf(functionName) {
    const { request, response } = job, type = hookType(functionName);
    const source = type === 'post' ? response : request;
    const out = {
      method: request.method, headers: source.headers, username: request.username, userId: request.userId,
      objectName: request.collectionName, hookType: type, body: parsed(source.body),
      query: queryOf(isObject(request.params) ? request.params : {}),
    };
    if (request.entityId !== undefined) out.entityId = request.entityId;
    if (request.loginOptions !== undefined) out.loginOptions = request.loginOptions;
    const status = response.status === undefined ? response.statusCode : response.status;
    if (type === 'post' && status > 399) out.status = status;
    return out;
  }

  // ---- complete(body)… ----
  const failures = {
    __proto__: null,
    badRequest: [400, 'BadRequest', 'Unable to understand request'],
    unauthorized: [401, 'InvalidCredentials', 'Invalid credentials. Please retry your request with correct credentials'],
    forbidden: [403, 'Forbidden', 'The request is forbidden'],
    notFound: [404, 'NotFound', 'The requested entity or entities were not found in the serviceObject'],
    notAllowed: [405, 'NotAllowed', 'The request is not allowed'],
    notImplemented: [501, 'NotImplemented', 'The request invoked a method that is not implemented'],
    runtimeError: [550, 'FlexRuntimeError', 'The Flex Service had a runtime error.  See debug message for details'],
  };
  const successes = { __proto__: null, ok: 200, created: 201, accepted: 202 };
  function told(value) {
    return value instanceof ErrorCtor ? { name: value.name, message: value.message, stack: value.stack } : value;
  }
  // A query also as `toJSON` or `toPlainObject` makes it: with `filter` for what the URL calls `query`.
  function paramsOf(value) {
    if (value instanceof Query) return value.toQueryString();
    return value.filter === undefined || value.query !== undefined ? value : new Query(value).toQueryString();
  }
  // `finish(tag, status)` ends the job; only its first call counts.
  function completion(functionName, finish) {
    const type = hookType(functionName);
    return function complete(given) {
      let body, status, changed;
      const api = {
        setBody(value) { if (!missing(value)) body = value; return api; },
        setQuery(value) { if (isObject(value)) changed = paramsOf(value); return api; },
        done() {
          if (!missing(body)) job.response.body = body;
          finish('completed', status === undefined ? 200 : status);
        },
        next() {
          if (type === 'pre') {
            if (!missing(body)) job.request.body = body;
            if (changed !== undefined) writeQuery(changed);
          } else if (!missing(body)) {
            job.response.body = body;
          }
          finish('continued', status === undefined ? 200 : status);
        },
      };
      for (const name in successes) put(api, name, { [name]() { status = successes[name]; return api; } }[name]);
      for (const name in failures) {
        const { 0: code, 1: error, 2: description } = failures[name];
        put(api, name, { [name](debug) {
          status = code;
          body = { error, description, debug: told(debug) || told(body) || {} };
          return api;
        } }[name]);
      }
      return api.setBody(given);
    };
  }
  function writeQuery(changed) {
    const params = isObject(job.request.params) ? job.request.params : {};
    const names = bridge.keys(changed);
    for (let i = 0; i < names.length; i++) {
      const value = changed[names[i]];
      put(params, names[i], isObject(value) ? jsonStringify(value) : value);
    }
    put(job.request, 'params', params);
    put(job.request, 'query', changed);
  }

  // ---- stores: as with the master secret and without hooks, which is Flex's default ----
  function storeError(description, debug) {
    const out = new ErrorCtor('DataStoreError');
    out.description = description;
    out.debug = debug;
    return out;
  }
  // Runs `begin(done)`; calls back, or gives a promise.
  function either(callback, begin) {
    if (typeof callback === 'function') {
      begin((error, result) => { if (error) callback(error); else callback(null, result); });
      return undefined;
    }
    return new PromiseCtor((resolve, reject) => {
      begin((error, result) => { if (error) reject(error); else resolve(result); });
    });
  }
  function run(name, collection, values, done) {
    const { method, args, convert } = prepare(name, collection, values);
    start(method, args, convert, done);
  }
  const plain = (value) => jsonParse(jsonStringify(value));
  const BATCH = 100;
  function collectionStore(name, options) {
    // A call with `needed` missing fails as one of the host would.
    function ask(callback, needed, value, begin) {
      return either(callback, (done) => {
        if (options.useBl === true || options.useUserContext === true) {
          const debug = 'useBl and useUserContext are not provided: operations run without hooks, as with the master secret.';
          later(() => { done(storeError('Not Implemented', debug)); });
        } else if (needed !== undefined && (!value || typeof value === 'function')) {
          later(() => { done(storeError('Bad Request', `${needed} is required`)); });
        } else {
          begin(done);
        }
      });
    }
    const second = (first, callback) => (typeof first === 'function' ? first : callback);
    const filterOf = (given) => (isObject(given) ? (given instanceof Query ? given.toPlainObject() : given) : {});
    function found(done) {
      return (error, doc) => {
        if (error) done(error);
        else if (doc) done(null, doc);
        else {
          const out = new ErrorCtor('EntityNotFound');
          out.description = 'This entity not found in the collection';
          done(out);
        }
      };
    }
    function insert(given, done) {
      const all = [];
      let from = 0;
      const next = () => {
        if (from >= given.length) { done(null, all); return; }
        const batch = [];
        for (let i = from; i < min(from + BATCH, given.length); i++) {
          put(batch, batch.length, entities.entity(plain(given[i])));
        }
        from += BATCH;
        run('insert', name, [batch], (error, docs) => {
          if (error) { done(error); return; }
          for (let i = 0; i < docs.length; i++) put(all, all.length, docs[i]);
          next();
        });
      };
      next();
    }
    return {
      collectionName: name,
      save(entity, callback) {
        return ask(second(entity, callback), 'entity', entity, (done) => {
          run('save', name, [entities.entity(plain(entity))], done);
        });
      },
      create(given, callback) {
        return ask(second(given, callback), 'entity', given, (done) => {
          insert(isArray(given) ? given : [given], (error, docs) => {
            if (error) done(error);
            else done(null, isArray(given) ? docs : docs[0]);
          });
        });
      },
      find(given, callback) {
        return ask(second(given, callback), undefined, undefined, (done) => {
          const { filter = {}, ...rest } = filterOf(given);
          run('find', name, [filter, rest], done);
        });
      },
      findById(id, callback) {
        return ask(second(id, callback), 'entityId', id, (done) => {
          run('findOne', name, [{ _id: id }], found(done));
        });
      },
      remove(given, callback) {
        return ask(second(given, callback), undefined, undefined, (done) => {
          const { filter = {} } = filterOf(given);
          run('remove', name, [filter], (error, count) => { done(error, { count }); });
        });
      },
      removeById(id, callback) {
        return ask(second(id, callback), 'entityId', id, (done) => {
          run('remove', name, [{ _id: id }], (error, count) => {
            found(done)(error, count > 0 ? { count } : undefined);
          });
        });
      },
      count(given, callback) {
        return ask(second(given, callback), undefined, undefined, (done) => {
          const { filter = {} } = filterOf(given);
          run('count', name, [filter], (error, count) => { done(error, { count }); });
        });
      },
    };
  }
  const optionsOf = (given) => (isObject(given) ? given : {});
  function dataStore(given) {
    const options = optionsOf(given);
    return { collection(name) { return collectionStore(name, options); } };
  }
  // Users and groups are collections; what only the HTTP API can do with them is refused by name.
  function systemStore(module, collection) {
    return function (given) {
      const { collectionName, ...methods } = collectionStore(collection, optionsOf(given));
      return partners.notProvided(module, methods);
    };
  }

  // ---- e-mail and push: Kinvey's, with a promise where there is no callback ----
  function dual(send, places) {
    return (...args) => {
      for (let i = 0; i < args.length; i++) if (typeof args[i] === 'function') return apply(send, undefined, args);
      return new PromiseCtor((resolve, reject) => {
        args.length = places;
        args[places] = (error, result) => { if (error) reject(error); else resolve(result); };
        apply(send, undefined, args);
      });
    };
  }
  const { email, push } = messages;
  const modules = {
    backendContext: {
      getAppKey: contexts.backendContext.getAppKey, getAppSecret: contexts.backendContext.getAppSecret,
      getMasterSecret: contexts.backendContext.getMasterSecret,
    },
    dataStore,
    email: { send: dual(email.send, 8) },
    endpointRunner: () => partners.notProvided('endpointRunner'),
    groupStore: systemStore('groupStore', 'group'),
    kinveyDate: entities.flexDates,
    kinveyEntity: { entity: entities.flexEntity, isKinveyEntity: entities.isKinveyEntity },
    logger: logger.logger,
    push: {
      send: dual(push.send, 2), sendMessage: dual(push.sendMessage, 2),
      broadcast: dual(push.broadcast, 1), broadcastMessage: dual(push.broadcastMessage, 1),
      sendPayload: dual(push.sendPayload, 4), broadcastPayload: dual(push.broadcastPayload, 3),
    },
    Query,
    requestContext: contexts.flexRequestContext,
    roleStore: () => partners.notProvided('roleStore'),
    tempObjectStore: contexts.tempObjectStore,
    userStore: systemStore('userStore', 'user'),
  };

  function addLibraries() { put(modules, 'moment', libraries.loaded.moment); }

  return { __proto__: null, addLibraries, completion, contextOf, isFlex, modules };
})
