// HTTP requests: `fetch` (plain) and `modules.request` (Kinvey), both on the host call `http.fetch`.
// The host decides which URLs may be called; here is only the shape that scripts know.
(function (parts) {
  'use strict';
  const { bridge, bytes, libraries, oauth } = parts;
  const { apply, call, hidden, isArray, jsonParse, jsonStringify, keys, put, split, start } = bridge;
  const { toNumber, toString, ErrorCtor, TypeErrorCtor } = bridge;
  const { bufferOf, fromBase64, fromUtf8, toBase64, toUtf8, viewed, wellFormed, withoutMark } = bytes;
  const { loaded, promised, twinOf } = libraries;
  const { getOwnPropertyDescriptor, setPrototypeOf } = Object;
  const PromiseCtor = Promise;
  const promiseThen = Promise.prototype.then;
  const resolved = Promise.resolve();
  const { exec } = RegExp.prototype;
  const { indexOf, slice, toLowerCase, toUpperCase } = String.prototype;
  const encodeComponent = encodeURIComponent, decodeComponent = decodeURIComponent;
  const isFinite = Number.isFinite, { ceil, min } = Math;
  const iteratorSymbol = Symbol.iterator;

  const isObject = (value) => typeof value === 'object' && value !== null;
  const lower = (value) => apply(toLowerCase, value, []);

  function bad(message) {
    const out = new ErrorCtor(message);
    hidden(out, 'name', 'EgressBadRequest');
    out.code = 'EgressBadRequest';
    return out;
  }

  function bodyText(reply) {
    return withoutMark(reply.body_base64 ? fromUtf8(fromBase64(reply.body)) : reply.body);
  }
  function bodyBytes(reply) {
    return reply.body_base64 ? fromBase64(reply.body) : toUtf8(reply.body);
  }

  // Puts a body into the arguments of the host call. Whether it is one that can be sent.
  function setBody(args, body) {
    if (typeof body === 'string') {
      args.body = wellFormed(body);
      return true;
    }
    const view = viewed(body);
    if (view === undefined) return false;
    args.body = toBase64(view);
    args.body_base64 = true;
    return true;
  }
  function timeoutOf(value) {
    const ms = toNumber(value);
    return isFinite(ms) && ms > 0 ? ceil(min(ms, 2147483647)) : undefined;
  }

  // ---- header lists: arrays of [name, value] ----
  function addHeader(list, name, value) {
    list[list.length] = [wellFormed(name), wellFormed(value)];
  }
  function hasHeader(list, name) {
    for (let i = 0; i < list.length; i++) if (lower(list[i][0]) === name) return true;
    return false;
  }
  function setHeader(list, name, value) {
    for (let i = 0; i < list.length; i++) {
      if (lower(list[i][0]) === name) { list[i][1] = value; return; }
    }
    addHeader(list, name, value);
  }

  // ---- Kinvey's modules.request: npm's `request` of that time ----
  const shorthands = {
    __proto__: null, get: 'GET', post: 'POST', put: 'PUT', patch: 'PATCH', head: 'HEAD',
    del: 'DELETE', delete: 'DELETE',
  };
  // What `request` could and this cannot; were it passed over, something else would be sent.
  const unsupported = [
    'agentOptions', 'aws', 'baseUrl', 'ca', 'cert', 'formData', 'hawk', 'httpSignature', 'jar', 'key',
    'localAddress', 'multipart', 'pfx', 'preambleCRLF', 'proxy', 'tunnel',
  ];
  // Scripts set these from habit; they are the host's, which does what was meant.
  const passedOver = { __proto__: null, 'content-length': true, connection: true };
  const formType = 'application/x-www-form-urlencoded';

  const escapes = {
    __proto__: null, '!': '%21', "'": '%27', '(': '%28', ')': '%29', '*': '%2A',
  };
  // RFC 3986, which leaves fewer characters alone than JavaScript.
  function encode(value) {
    const encoded = encodeComponent(wellFormed(value));
    let out = '', start = 0;
    for (let i = 0; i < encoded.length; i++) {
      const escape = escapes[encoded[i]];
      if (escape === undefined) continue;
      out += apply(slice, encoded, [start, i]) + escape;
      start = i + 1;
    }
    return start === 0 ? encoded : out + apply(slice, encoded, [start]);
  }
  // {a: 1, b: {c: [2]}} is a=1&b[c][0]=2, with the brackets encoded.
  function formFields(value) {
    let out = '';
    const add = (name, value) => {
      if (typeof value === 'object' && value !== null) {
        const names = keys(value);
        for (let i = 0; i < names.length; i++) {
          add(name === undefined ? names[i] : `${name}[${names[i]}]`, value[names[i]]);
        }
        return;
      }
      if (out !== '') out += '&';
      out += encode(name) + '=' + (value === null ? '' : encode(value));
    };
    // As JSON: dates and object ids become texts, functions and undefined go.
    const json = jsonStringify(value);
    const plain = json === undefined ? null : jsonParse(json);
    if (typeof plain === 'object' && plain !== null) add(undefined, plain);
    return out;
  }

  function merged(values) {
    const out = { __proto__: null };
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (typeof value === 'string') {
        out.uri = value;
      } else if (typeof value === 'object' && value !== null) {
        if (typeof value.href === 'string') out.uri = value.href;
        const names = keys(value);
        for (let j = 0; j < names.length; j++) put(out, names[j], value[names[j]]);
      }
    }
    return out;
  }
  const userInfo = /^(https?:\/\/)([^\/?#]*)@/i;
  function urlOf(options) {
    let url = options.uri || options.url;
    if (typeof url === 'object' && url !== null) url = url.href;
    if (typeof url !== 'string') {
      throw bad("request needs a URL: request('https://…', callback) or request({uri: '…'}, callback)");
    }
    const { qs } = options;
    if (qs === undefined || qs === null) return url;
    const query = typeof qs === 'string' ? qs : formFields(qs);
    if (query === '') return url;
    const hash = apply(indexOf, url, ['#']);
    const base = hash < 0 ? url : apply(slice, url, [0, hash]);
    return base + (apply(indexOf, base, ['?']) < 0 ? '?' : '&') + query;
  }
  function headersOf(options) {
    const list = [];
    const { headers } = options;
    if (typeof headers !== 'object' || headers === null) return list;
    const names = keys(headers);
    for (let i = 0; i < names.length; i++) {
      const name = names[i], value = headers[name];
      if (value === undefined || value === null || passedOver[lower(name)]) continue;
      if (!isArray(value)) { addHeader(list, name, value); continue; }
      for (let j = 0; j < value.length; j++) addHeader(list, name, value[j]);
    }
    return list;
  }
  function setAuth(list, auth) {
    if (typeof auth !== 'object' || auth === null) return;
    const { user = auth.username, pass = auth.password, bearer } = auth;
    if (bearer !== undefined) {
      const token = typeof bearer === 'function' ? bearer() : bearer;
      setHeader(list, 'authorization', 'Bearer ' + wellFormed(token));
      return;
    }
    if (user === undefined) throw bad('request: auth needs user and pass, or bearer');
    const pair = wellFormed(`${user}:${pass === undefined || pass === null ? '' : pass}`);
    setHeader(list, 'authorization', 'Basic ' + toBase64(toUtf8(pair)));
  }
  function setContent(args, options) {
    const { form, json } = options;
    let { body } = options;
    const hasForm = typeof form === 'string' || (typeof form === 'object' && form !== null);
    if (hasForm) {
      body = typeof form === 'string' ? form : formFields(form);
      setHeader(args.headers, 'content-type', formType);
    }
    if (json) {
      if (!hasHeader(args.headers, 'accept')) addHeader(args.headers, 'accept', 'application/json');
      if (json !== true) body = jsonStringify(json);
      else if (!hasForm && body !== undefined) body = jsonStringify(body);
      if (body !== undefined && !hasHeader(args.headers, 'content-type')) {
        addHeader(args.headers, 'content-type', 'application/json');
      }
    }
    if (body === undefined || body === null) return;
    if (!setBody(args, body)) {
      throw bad('request: body is a string, an ArrayBuffer or a typed array; json: true sends other values');
    }
  }
  // `request` follows the redirects of reading methods only, unless told otherwise.
  function redirectOf(options, method) {
    const { followRedirect, followAllRedirects } = options;
    if (typeof followRedirect === 'function') throw bad('request: followRedirect is true or false');
    if (followAllRedirects) return 'follow';
    const reads = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
    return reads && (followRedirect === undefined || followRedirect) ? 'follow' : 'manual';
  }
  // A user and password in the URL are what `auth` says, as `request` has it.
  function withoutUser(url) {
    const found = apply(exec, userInfo, [url]);
    if (found === null) return { __proto__: null, url, auth: undefined };
    const colon = apply(indexOf, found[2], [':']);
    const user = colon < 0 ? found[2] : apply(slice, found[2], [0, colon]);
    const pass = colon < 0 ? '' : apply(slice, found[2], [colon + 1]);
    let auth;
    try {
      auth = { user: decodeComponent(user), pass: decodeComponent(pass) };
    } catch {
      throw bad('request: the user and password in the URL are not percent-encoded');
    }
    return { __proto__: null, url: found[1] + apply(slice, url, [found[0].length]), auth };
  }
  function prepare(method, values) {
    const options = merged(values);
    for (let i = 0; i < unsupported.length; i++) {
      if (options[unsupported[i]]) throw bad(`request does not provide the option ${unsupported[i]}`);
    }
    const { encoding } = options;
    if (encoding && encoding !== 'utf8' && encoding !== 'utf-8') {
      throw bad('request: encoding is utf8, or null for a Buffer');
    }
    if (method === undefined) method = apply(toUpperCase, wellFormed(options.method || 'GET'), []);
    const { url, auth } = withoutUser(wellFormed(urlOf(options)));
    const args = { __proto__: null, method, url, headers: headersOf(options) };
    setAuth(args.headers, options.auth || auth);
    setContent(args, options);
    if (isObject(options.oauth)) {
      const fields = typeof options.form === 'object' ? formFields(options.form) : options.form;
      setHeader(args.headers, 'authorization', oauth.header(method, url, fields, options.oauth));
    }
    args.timeout_ms = timeoutOf(options.timeout);
    args.redirect = redirectOf(options, method);
    const convert = (reply) => kinveyResponse(reply, options.json, encoding === null);
    return { __proto__: null, args, convert };
  }
  function kinveyResponse(reply, json, raw) {
    const headers = {};
    for (let i = 0; i < reply.headers.length; i++) {
      const name = lower(reply.headers[i][0]), value = reply.headers[i][1];
      const before = getOwnPropertyDescriptor(headers, name);
      if (name === 'set-cookie') {
        const cookies = before === undefined ? [] : before.value;
        cookies[cookies.length] = value;
        put(headers, name, cookies);
      } else {
        put(headers, name, before === undefined ? value : `${before.value}, ${value}`);
      }
    }
    let body = raw ? setPrototypeOf(bodyBytes(reply), loaded.bufferPrototype) : bodyText(reply);
    if (json && !raw) {
      // As `request` does: what is no JSON stays the text that it is.
      try { body = jsonParse(body); } catch { /* the text */ }
    }
    return {
      status: reply.status, statusCode: reply.status, statusMessage: reply.status_text, headers, body,
    };
  }

  function rejected(error) { return new PromiseCtor((resolve, reject) => { reject(error); }); }

  // Kinvey's calls are fire and forget: without a callback nobody hears of a failure. One in the
  // arguments is told in the same way as one of the host.
  function begin(method, values, callback) {
    let request;
    try {
      request = prepare(method, values);
    } catch (error) {
      if (callback !== undefined) apply(promiseThen, resolved, [() => { callback(error); }]);
      return;
    }
    start('http.fetch', request.args, request.convert, callback);
  }
  function send(method, { values, callback }) {
    begin(method, values, callback === undefined ? undefined : (error, response) => {
      if (error) callback(error);
      else callback(null, response, response.body);
    });
  }
  function promise(method, { values }) {
    return promised((callback) => { begin(method, values, callback); });
  }

  // The old form: its fields are a list of {key, value}.
  function formOf(fields) {
    let out = '';
    const length = isArray(fields) ? fields.length : 0;
    for (let i = 0; i < length; i++) {
      out += (i === 0 ? '' : '&') + encode(fields[i].key) + '=' + encode(fields[i].value);
    }
    return out;
  }
  function formArguments(args) {
    const { values, callback } = split(args, 0);
    const form = isArray(values[1]) ? { form: formOf(values[1]) } : values[1];
    return { __proto__: null, values: [values[0], form], callback };
  }

  function request(...args) { send(undefined, split(args, 0)); }
  const shorthandNames = keys(shorthands);
  for (let i = 0; i < shorthandNames.length; i++) {
    const name = shorthandNames[i], method = shorthands[name], twin = name + 'Async';
    request[name] = { [name](...args) { send(method, split(args, 0)); } }[name];
    hidden(request, twin, twinOf({ [twin](...args) { return promise(method, split(args, 0)); } }[twin]));
  }
  request.postForm = function postForm(...args) { send('POST', formArguments(args)); };
  hidden(request, 'postFormAsync', twinOf(function postFormAsync(...args) {
    return promise('POST', formArguments(args));
  }));

  // ---- fetch ----
  // Of the standard's response what has a meaning without streams. Repeated headers are joined,
  // but for Set-Cookie, whose values may hold commas.
  class FetchHeaders {
    #list = [];
    constructor(list) {
      const places = { __proto__: null };
      for (let i = 0; i < list.length; i++) {
        const name = lower(list[i][0]), value = list[i][1];
        const place = name === 'set-cookie' ? undefined : places[name];
        if (place !== undefined) {
          this.#list[place][1] += ', ' + value;
        } else {
          places[name] = this.#list.length;
          this.#list[this.#list.length] = [name, value];
        }
      }
    }
    get(name) {
      const wanted = lower(wellFormed(name));
      let found = null;
      for (let i = 0; i < this.#list.length; i++) {
        if (this.#list[i][0] !== wanted) continue;
        found = found === null ? this.#list[i][1] : found + ', ' + this.#list[i][1];
      }
      return found;
    }
    has(name) { return hasHeader(this.#list, lower(wellFormed(name))); }
    getSetCookie() {
      const out = [];
      for (let i = 0; i < this.#list.length; i++) {
        if (this.#list[i][0] === 'set-cookie') out[out.length] = this.#list[i][1];
      }
      return out;
    }
    forEach(fn, self) {
      for (let i = 0; i < this.#list.length; i++) {
        apply(fn, self, [this.#list[i][1], this.#list[i][0], this]);
      }
    }
    // An iterator of its own: the one of arrays is the tenant's to change.
    #each(show) {
      let next = 0;
      const iterator = {
        next: () => {
          if (next >= this.#list.length) return { value: undefined, done: true };
          const pair = this.#list[next++];
          return { value: show(pair), done: false };
        },
      };
      hidden(iterator, iteratorSymbol, () => iterator);
      return iterator;
    }
    entries() { return this.#each((pair) => [pair[0], pair[1]]); }
    keys() { return this.#each((pair) => pair[0]); }
    values() { return this.#each((pair) => pair[1]); }
    [iteratorSymbol]() { return this.entries(); }
    // For the log.
    toJSON() {
      const out = {};
      for (let i = 0; i < this.#list.length; i++) put(out, this.#list[i][0], this.get(this.#list[i][0]));
      return out;
    }
  }

  class FetchResponse {
    #reply;
    #used = false;
    constructor(reply) {
      this.#reply = reply;
      put(this, 'ok', reply.status >= 200 && reply.status <= 299);
      put(this, 'status', reply.status);
      put(this, 'statusText', reply.status_text);
      put(this, 'url', reply.url);
      put(this, 'redirected', reply.redirected);
      put(this, 'headers', new FetchHeaders(reply.headers));
    }
    get bodyUsed() { return this.#used; }
    #read(convert) {
      return new PromiseCtor((resolve) => {
        if (this.#used) throw new TypeErrorCtor('the body of this response has been read already');
        this.#used = true;
        resolve(convert(this.#reply));
      });
    }
    text() { return this.#read(bodyText); }
    json() { return this.#read((reply) => jsonParse(bodyText(reply))); }
    bytes() { return this.#read(bodyBytes); }
    arrayBuffer() { return this.#read((reply) => apply(bufferOf, bodyBytes(reply), [])); }
  }

  // An array of pairs, something with forEach(value, name) such as a response's headers or a Map,
  // or an object.
  function fetchHeaders(given) {
    const list = [];
    if (given === undefined || given === null) return list;
    if (typeof given !== 'object') {
      throw new TypeErrorCtor('fetch: headers are an object, an array of pairs or Headers');
    }
    if (isArray(given)) {
      for (let i = 0; i < given.length; i++) {
        if (!isArray(given[i]) || given[i].length !== 2) {
          throw new TypeErrorCtor('fetch: headers in an array are pairs of name and value');
        }
        addHeader(list, given[i][0], given[i][1]);
      }
    } else if (typeof given.forEach === 'function') {
      given.forEach((value, name) => { addHeader(list, name, value); });
    } else {
      const names = keys(given);
      for (let i = 0; i < names.length; i++) addHeader(list, names[i], given[names[i]]);
    }
    return list;
  }
  function fetchArgs(input, init) {
    if (init !== undefined && (typeof init !== 'object' || init === null)) {
      throw new TypeErrorCtor('fetch: the second argument is an object');
    }
    const options = init === undefined ? { __proto__: null } : init;
    if (options.signal !== undefined && options.signal !== null) {
      // Nothing here could make one. A signal that is not heard would be a surprise.
      throw new TypeErrorCtor('fetch: signal is not supported; timeout: MILLISECONDS ends a request');
    }
    const { method = 'GET', redirect = 'follow', body } = options;
    if (redirect !== 'follow' && redirect !== 'manual' && redirect !== 'error') {
      throw new TypeErrorCtor("fetch: redirect is 'follow', 'manual' or 'error'");
    }
    const args = {
      __proto__: null, method: apply(toUpperCase, wellFormed(method), []), url: wellFormed(input),
      headers: fetchHeaders(options.headers), redirect, timeout_ms: timeoutOf(options.timeout),
    };
    if (body === undefined || body === null) return args;
    if (args.method === 'GET' || args.method === 'HEAD') {
      throw new TypeErrorCtor(`fetch: a ${args.method} request has no body`);
    }
    if (!setBody(args, body)) {
      throw new TypeErrorCtor('fetch: body is a string, an ArrayBuffer or a typed array; JSON.stringify makes one');
    }
    if (typeof body === 'string' && !hasHeader(args.headers, 'content-type')) {
      addHeader(args.headers, 'content-type', 'text/plain;charset=UTF-8');
    }
    return args;
  }
  // The standard's fetch, with `timeout` in milliseconds instead of `signal`. Wrong arguments are
  // a TypeError; a request that was refused or failed is an Error whose code says why.
  function fetch(input, init) {
    try {
      return call('http.fetch', fetchArgs(input, init), (reply) => new FetchResponse(reply));
    } catch (error) {
      return rejected(error);
    }
  }

  return { __proto__: null, requestModule: request, fetch };
})
