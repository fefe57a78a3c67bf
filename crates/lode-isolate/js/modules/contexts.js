// `modules.backendContext` and `modules.requestContext`, and the store that goes from pre to post hook.
(function (parts) {
  'use strict';
  const { bridge, bytes } = parts;
  const { apply, callNow, hidden, job, jsonParse, jsonStringify, put, requestHeaders, toNumber } = bridge;
  const { fromUtf8, fromBase64 } = bytes;
  const { indexOf, slice, split, replace, trim } = String.prototype;
  const exec = RegExp.prototype.exec;
  const isObject = (value) => typeof value === 'object' && value !== null;

  // The keys stay with the master: it compares, and hands out what a hook asks for by name.
  const notBase64 = /[^A-Za-z0-9+/]/g;
  function getSecurityContext() {
    const header = requestHeaders().authorization;
    if (typeof header !== 'string' || apply(slice, header, [0, 6]) !== 'Basic ') return 'unknown';
    const pair = fromUtf8(fromBase64(apply(replace, apply(slice, header, [6]), [notBase64, ''])));
    const colon = apply(indexOf, pair, [':']);
    if (colon < 0) return 'unknown';
    if (apply(slice, pair, [0, colon]) !== job.appKey) return 'user';
    return callNow('app.securityContext', { __proto__: null, secret: apply(slice, pair, [colon + 1]) });
  }
  function getAuthenticatedUsername() { return job.request.username; }
  function getAuthenticatedUserId() { return job.request.userId; }
  const backendContext = {
    getAppKey() { return job.appKey; },
    getAppSecret() { return callNow('app.appSecret', {}); },
    getMasterSecret() { return callNow('app.masterSecret', {}); },
    getSecurityContext,
    getAuthenticatedUsername,
  };

  // ---- custom request properties: a header, which goes from pre to post hook with the request ----
  const PROPERTIES = 'x-kinvey-custom-request-properties';
  const VERSION = 'x-kinvey-client-app-version';
  function properties() {
    const given = requestHeaders()[PROPERTIES];
    if (isObject(given)) return given;
    if (typeof given === 'string' && apply(trim, given, []) !== '') {
      try {
        const parsed = jsonParse(given);
        if (isObject(parsed)) return parsed;
      } catch { /* what is no JSON is no property */ }
    }
    return {};
  }
  // The object that scripts may change goes back with its header at the end.
  let current, currentRequest;
  function getCustomRequestProperties() {
    if (current === undefined || currentRequest !== job.request) {
      current = properties();
      currentRequest = job.request;
    }
    return current;
  }
  function getCustomRequestProperty(name) { return getCustomRequestProperties()[name]; }
  function setCustomRequestProperty(name, value) {
    put(getCustomRequestProperties(), name, value);
    return value;
  }
  // Called before the request is written for the next step.
  function leave() {
    if (current === undefined || currentRequest !== job.request) return;
    put(requestHeaders(), PROPERTIES, jsonStringify(current));
  }

  // ---- the version of the client's app ----
  const digits = /^[0-9]+$/;
  function stringValue() {
    const text = requestHeaders()[VERSION];
    return typeof text === 'string' && text !== '' ? text : null;
  }
  function part(index) {
    const text = stringValue();
    const found = text === null ? undefined : apply(split, text, ['.'])[index];
    return found !== undefined && apply(exec, digits, [found]) !== null ? toNumber(found) : NaN;
  }
  function makeRequestContext() {
    const out = {
      getAuthenticatedUsername,
      getAuthenticatedUserId,
      getCustomRequestProperty,
      setCustomRequestProperty,
      clientAppVersion: {
        stringValue, majorVersion: () => part(0), minorVersion: () => part(1), patchVersion: () => part(2),
      },
    };
    hidden(out, 'getCustomRequestProperties', getCustomRequestProperties);
    return out;
  }
  const requestContext = makeRequestContext();
  const flexRequestContext = makeRequestContext();
  flexRequestContext.getSecurityContext = getSecurityContext;

  // ---- the store ----
  function store() {
    const { request } = job;
    if (!isObject(request.tempObjectStore)) put(request, 'tempObjectStore', {});
    return request.tempObjectStore;
  }
  const tempObjectStore = {
    get(key) { return store()[key]; },
    set(key, value) { put(store(), key, value); return value; },
    getAll() { return store(); },
  };

  return { __proto__: null, backendContext, flexRequestContext, leave, requestContext, tempObjectStore };
})
