// `group` and `mapReduce`: the documents are read page by page, and the tenant's functions run here.
(function (parts, global) {
  'use strict';
  const { bridge, data } = parts;
  const { apply, create, failure, isArray, jsonParse, jsonStringify, keys, later, put, show } = bridge;
  const { start, toString, ErrorCtor } = bridge;
  const { countOf, isObject, queryOf, sortOf } = data;
  const { defineProperty, getOwnPropertyDescriptor } = Object;
  const { sort } = Array.prototype;
  const { charCodeAt, split: splitText, startsWith, trimStart } = String.prototype;
  const { min } = Math;
  const SAFE = Number.MAX_SAFE_INTEGER;
  const functionText = Function.prototype.toString;
  // Indirect: the text's free names are the script's globals.
  const evaluate = global.eval;

  // Documents that one call reads at most, and at first with one host call.
  const DOCUMENTS_MAX = 100000, PAGE = 500;

  function functionOf(given, what) {
    let out = given;
    if (typeof given === 'string') {
      try {
        out = evaluate('(' + given + ')');
      } catch (error) {
        throw failure('MongoError', `${what} cannot be made from its text: ${show(error)}`);
      }
    }
    if (typeof out !== 'function') {
      throw failure('MissingRequiredParameter', `${what} must be a function or the source text of one`);
    }
    return out;
  }

  // A function as MongoDB had it, made anew from its text: with a scope, its free names are the
  // scope's and not the hook's own variables of that name. One whose text makes no function (a
  // method, a native one), or may not, stays as it is.
  function inScope(fn, names) {
    if (names.length === 0) return fn;
    try {
      const made = evaluate('(' + apply(functionText, fn, []) + ')');
      return typeof made === 'function' ? made : fn;
    } catch {
      return fn;
    }
  }

  // ---- reading ----
  // In the order of `_id`, whose comparisons stay within one type: after the last string come the
  // objects. Each page begins behind the last place that JavaScript can tell exactly, and skips
  // what was read since: integers beyond 2^53 may come out equal, fields of objects in another
  // order. With a sort of the tenant's, by skipping alone.
  const kinds = ['number', 'string', 'object', 'bool'];
  function kindOf(id) {
    if (typeof id === 'number') return id >= -SAFE && id <= SAFE ? 0 : undefined;
    if (typeof id === 'string') return 1;
    return typeof id === 'boolean' ? 3 : undefined;
  }
  function readAll(what, collection, query, order, limit, each, done) {
    let page = PAGE, seen = 0, skip = 0, kind, last;
    function where() {
      if (order !== undefined || kind === undefined) return query;
      const id = { __proto__: null };
      if (last === undefined) id.$type = kinds[kind];
      else id.$gt = last;
      return { __proto__: null, $and: [query, { __proto__: null, _id: id }] };
    }
    function next() {
      const wanted = min(page, limit - seen);
      if (wanted <= 0) { done(null); return; }
      const options = {
        __proto__: null, sort: order === undefined ? { _id: 1 } : order, limit: wanted, skip,
      };
      start('db.find', { __proto__: null, collection, query: where(), options }, undefined, (error, docs) => {
        if (error) { failed(error); return; }
        if (seen + docs.length > DOCUMENTS_MAX) {
          done(failure('LimitExceeded', `more than ${DOCUMENTS_MAX} documents; narrow the query or limit them`));
          return;
        }
        try {
          each(docs);
        } catch (thrown) {
          done(told(what, thrown));
          return;
        }
        seen += docs.length;
        if (docs.length === wanted) {
          const id = docs[docs.length - 1]._id;
          const exact = order === undefined ? kindOf(id) : undefined;
          if (exact === undefined) {
            skip += docs.length;
          } else {
            kind = exact;
            last = id;
            skip = 0;
          }
        } else if (order !== undefined || kind === undefined || ++kind >= kinds.length) {
          done(null);
          return;
        } else {
          last = undefined;
          skip = 0;
        }
        next();
      });
    }
    // A page of large documents is read in smaller ones.
    function failed(error) {
      if (error.code !== 'LimitExceeded' || page <= 1) { done(error); return; }
      page = page >> 2 || 1;
      next();
    }
    next();
  }

  // ---- values as MongoDB keeps and orders them ----
  function copy(value) {
    if (!isObject(value)) return value === undefined ? null : value;
    return jsonParse(jsonStringify(value));
  }
  function rank(value) {
    if (value === null) return 0;
    if (typeof value === 'number') return 1;
    if (typeof value === 'string') return 2;
    if (typeof value === 'boolean') return 5;
    return isArray(value) ? 4 : 3;
  }
  // By code points, which is the order of the bytes: surrogates stand for the highest of them.
  const place = (unit) => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);
  function compareTexts(a, b) {
    const length = min(a.length, b.length);
    for (let i = 0; i < length; i++) {
      const left = apply(charCodeAt, a, [i]), right = apply(charCodeAt, b, [i]);
      if (left !== right) return place(left) - place(right);
    }
    return a.length - b.length;
  }
  // Of objects: type before name before value.
  function compare(a, b) {
    const kind = rank(a);
    if (kind !== rank(b)) return kind - rank(b);
    if (kind === 2) return compareTexts(a, b);
    if (kind < 3 || kind === 5) return a < b ? -1 : a > b ? 1 : 0;
    const left = keys(a), right = keys(b);
    for (let i = 0; i < left.length && i < right.length; i++) {
      const x = a[left[i]], y = b[right[i]];
      const order = (kind === 3 && (rank(x) - rank(y) || compareTexts(left[i], right[i]))) || compare(x, y);
      if (order !== 0) return order;
    }
    return left.length - right.length;
  }

  // Runs `body` while `names` are globals with these values.
  function withGlobals(values, body) {
    const names = keys(values), before = create(null);
    for (let i = 0; i < names.length; i++) {
      const name = names[i], old = getOwnPropertyDescriptor(global, name);
      before[name] = old;
      if (old !== undefined && !old.configurable) defineProperty(global, name, { __proto__: null, value: values[name] });
      else put(global, name, values[name]);
    }
    try {
      return body();
    } finally {
      for (let i = 0; i < names.length; i++) {
        const old = before[names[i]];
        if (old === undefined) delete global[names[i]];
        else defineProperty(global, names[i], old);
      }
    }
  }

  // Without a callback nobody hears of the end.
  function heard(callback) {
    return (error, result) => {
      if (callback === undefined) return;
      if (error) callback(error);
      else callback(null, result);
    };
  }
  // What the tenant's own functions throw is a failure of the operation, as it was in the database.
  function told(what, error) {
    try {
      if (error instanceof ErrorCtor && error.code !== undefined) return error;
    } catch { /* a proxy, or a getter that throws */ }
    return failure('MongoError', `${what} failed: ${show(error)}`);
  }

  function run(done, what, body) {
    try {
      body();
    } catch (error) {
      // Calls back later, as every other end does.
      const failed = told(what, error);
      later(() => { done(failed); });
    }
  }

  // mapReduce(map, reduce, {scope, limit, sort}). As in Kinvey's business logic, the options `query`
  // and `finalize` are not looked at, and the result always comes inline.
  function mapReduce(collection, args, callback) {
    const done = heard(callback), given = isObject(args[2]) ? args[2] : {};
    run(done, 'mapReduce', () => {
      const groups = [], byKey = create(null);
      const globals = create(null);
      const scope = isObject(given.scope) ? given.scope : {}, names = keys(scope);
      const map = inScope(functionOf(args[0], 'mapReduce: map'), names);
      const reduce = inScope(functionOf(args[1], 'mapReduce: reduce'), names);
      for (let i = 0; i < names.length; i++) globals[names[i]] = scope[names[i]];
      globals.emit = function emit(key, value) {
        const id = copy(key), text = jsonStringify(id);
        let found = byKey[text];
        if (found === undefined) {
          found = byKey[text] = { __proto__: null, id, values: [] };
          put(groups, groups.length, found);
        }
        put(found.values, found.values.length, copy(value));
      };
      const each = (docs) => withGlobals(globals, () => {
        for (let i = 0; i < docs.length; i++) apply(map, docs[i], []);
      });
      const finish = () => withGlobals(globals, () => {
        apply(sort, groups, [(a, b) => compare(a.id, b.id)]);
        const out = [];
        for (let i = 0; i < groups.length; i++) {
          const { id, values } = groups[i];
          const value = values.length === 1 ? values[0] : copy(reduce(copy(id), values));
          put(out, i, { _id: id, value });
        }
        return out;
      });
      const limit = countOf(given.limit) || DOCUMENTS_MAX + 1;
      start('db.collectionExists', { __proto__: null, collection }, undefined, (error, exists) => {
        if (error) { done(error); return; }
        if (!exists) { done(failure('MongoError', `ns doesn't exist: ${collection}`)); return; }
        readAll('mapReduce', collection, {}, sortOf(given.sort), limit, each, (failed) => {
          end(done, 'mapReduce', failed, finish);
        });
      });
    });
  }
  function end(done, what, failed, finish) {
    let result;
    try {
      if (failed) throw failed;
      result = finish();
    } catch (error) {
      done(told(what, error));
      return;
    }
    done(null, result);
  }

  // The fields of a document that make its group: names, {name: true}, or a function.
  function keyOf(keysGiven) {
    if (typeof keysGiven === 'function') return keysGiven;
    if (typeof keysGiven === 'string') {
      if (apply(startsWith, apply(trimStart, keysGiven, []), ['function'])) return functionOf(keysGiven, 'group: keys');
      return fieldsKey([keysGiven]);
    }
    if (isArray(keysGiven)) return fieldsKey(keysGiven);
    const names = [], all = isObject(keysGiven) ? keys(keysGiven) : [];
    for (let i = 0; i < all.length; i++) if (keysGiven[all[i]]) put(names, names.length, all[i]);
    return fieldsKey(names);
  }
  function fieldsKey(names) {
    return (doc) => {
      const out = {};
      for (let i = 0; i < names.length; i++) {
        const name = toString(names[i]), steps = apply(splitText, name, ['.']);
        let value = doc;
        for (let j = 0; j < steps.length && value !== undefined; j++) {
          value = isObject(value) ? value[steps[j]] : undefined;
        }
        put(out, name, value === undefined ? null : value);
      }
      return out;
    };
  }

  // group(keys, condition, initial, reduce[, …]): each group in the order of its first document.
  function group(collection, args, callback) {
    const done = heard(callback);
    run(done, 'group', () => {
      const key = keyOf(args[0]), reduce = functionOf(args[3], 'group: reduce');
      if (!isObject(args[2])) throw failure('MissingRequiredParameter', 'group: initial must be an object');
      const initial = jsonStringify(args[2]);
      const condition = typeof args[1] === 'string' ? jsonParse(args[1]) : args[1];
      const query = isObject(condition) ? queryOf(condition) : {};
      const out = [], byKey = create(null);
      const each = (docs) => {
        for (let i = 0; i < docs.length; i++) {
          const id = copy(key(docs[i])), text = jsonStringify(id);
          let record = byKey[text];
          if (record === undefined) {
            record = byKey[text] = isObject(id) ? id : {};
            const start = jsonParse(initial), names = keys(start);
            for (let j = 0; j < names.length; j++) put(record, names[j], start[names[j]]);
            put(out, out.length, record);
          }
          reduce(docs[i], record);
        }
      };
      readAll('group', collection, query, undefined, DOCUMENTS_MAX + 1, each, (failed) => {
        end(done, 'group', failed, () => out);
      });
    });
  }

  return { __proto__: null, group, mapReduce };
})
