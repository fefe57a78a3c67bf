// One hook's surroundings: request, response, `complete`. Built per job by `begin`; the modules are
// those of every job.
(function (parts, global) {
  'use strict';
  const { bridge, clock, contexts, data, flex, kinvey, libraries, progress, request: egress } = parts;
  const { apply, hidden, host, job, jsonParse, jsonStringify, keys, show, toNumber, toString } = bridge;
  const isInteger = Number.isInteger;
  const { slice, toLowerCase } = String.prototype;

  // ---- the end of a hook: the first terminal call wins ----
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
    const { request, response } = job;
    let what = 'response.body';
    let body, headers, left;
    try {
      body = json(response.body);
      what = 'response.headers';
      headers = jsonStringify(headerTexts(response.headers));
      what = 'request';
      contexts.leave();
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

  // Only after the database action there may be nothing in the body; before, scripts write on it.
  const isPost = { __proto__: null, onPost: true, onLogi: true };
  function makeResponse(given, functionName) {
    const out = given;
    if (typeof out.headers !== 'object' || out.headers === null) out.headers = {};
    const post = functionName !== undefined && isPost[apply(slice, functionName, [0, 6])];
    if (out.body === undefined || (out.body === null && !post)) out.body = {};
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

  // ---- the plain dialect ----
  function complete(error, result) {
    if (error) { fail(error); return; }
    if (finished) return;
    if (arguments.length > 1) job.response.body = result;
    finish('completed', 200);
  }

  // Called by the host with the job.
  function begin(requestText, responseText, appKey, collection, functionName, endpoint, clockKind) {
    finished = false; // the warm-up has ended once
    clock.set(clockKind);
    const named = collection !== undefined ? collection : endpoint;
    job.appKey = appKey;
    job.request = makeRequest(
      requestText === undefined ? {} : jsonParse(requestText), named, functionName);
    job.response = makeResponse(responseText === undefined ? {} : jsonParse(responseText), functionName);
    // `db` means the hook's collection, never an endpoint's name.
    const given = endpoint === undefined ? job.request.collectionName : undefined;
    const own = typeof given === 'string' ? given : collection;
    hidden(global, 'complete', complete);
    hidden(global, 'progress', progress);
    hidden(global, 'db', data.database(own));
    hidden(global, 'request', job.request);
    hidden(global, 'fetch', egress.fetch);
  }

  // The arguments of the hook's function, which tells by its parameters whether it is Flex's.
  function argumentsOf(fn, name) {
    if (!flex.isFlex(fn)) return [job.request, job.response, kinvey.modules];
    return [flex.contextOf(name), flex.completion(name, finish), flex.modules];
  }

  // Called once, when all of this has been made and warmed up.
  function load(vendored) {
    libraries.load(vendored);
    kinvey.addLibraries();
    flex.addLibraries();
  }

  return { __proto__: null, argumentsOf, begin, load, reply: bridge.reply, timer: bridge.timer };
})
