// Flex's `modules.Query`: a builder of filters and find options.
(function (parts) {
  'use strict';
  const { bridge } = parts;
  const { apply, isArray, jsonStringify, keys, put, toNumber, ErrorCtor } = bridge;
  const { indexOf } = String.prototype;
  const { concat, map, join: joinText } = Array.prototype;
  const RegExpCtor = RegExp, isNaN = Number.isNaN;
  const isObject = (value) => typeof value === 'object' && value !== null;

  class QueryError extends ErrorCtor {
    constructor(debug) {
      super('QueryError');
      this.description = 'An error occurred on the query.';
      this.debug = debug;
    }
  }
  function wanted(holds, text) { if (!holds) throw new QueryError(text); }
  function numberOf(value, what) {
    const out = typeof value === 'string' ? toNumber(value) : value;
    wanted(typeof out === 'number' && !isNaN(out), `${what} must be a number`);
    return out;
  }
  function pointOf(value, what) {
    wanted(isArray(value) && value.length === 2, `${what} must be a [number, number]`);
    return [numberOf(value[0], what), numberOf(value[1], what)];
  }
  function comparable(value) {
    wanted(typeof value === 'number' || typeof value === 'string', 'You must supply a number or string.');
    return value;
  }
  const listOf = (value) => (isArray(value) ? value : [value]);
  const isEmpty = (value) => !isObject(value) || keys(value).length === 0;

  class Query {
    #parent;
    #fields; #filter; #sort; #limit; #skip;
    constructor(options) {
      const given = isObject(options) ? options : {};
      this.fields = given.fields;
      this.filter = given.filter === undefined ? {} : given.filter;
      this.sort = given.sort;
      this.limit = given.limit === undefined ? null : given.limit;
      this.skip = given.skip;
    }
    // Fields, order, limit and skip are those of the outermost query.
    #top() { return this.#parent === undefined ? this : this.#parent.#top(); }
    get fields() { return this.#fields; }
    set fields(fields) {
      wanted(!fields || isArray(fields), 'fields must be an Array');
      this.#top().#fields = fields || [];
    }
    get filter() { return this.#filter; }
    set filter(filter) { this.#filter = filter; }
    get sort() { return this.#sort; }
    set sort(sort) {
      wanted(!sort || isObject(sort), 'sort must an Object');
      this.#top().#sort = sort || {};
    }
    get limit() { return this.#limit; }
    set limit(limit) { this.#top().#limit = limit ? numberOf(limit, 'limit') : limit; }
    get skip() { return this.#skip; }
    set skip(skip) { this.#top().#skip = skip === undefined ? 0 : numberOf(skip, 'skip'); }

    #add(field, operator, value) {
      const filter = this.#filter;
      if (!isObject(filter[field])) put(filter, field, {});
      put(filter[field], operator, value);
      return this;
    }
    addFilter(field, condition, values) {
      if (condition && values !== undefined) return this.#add(field, condition, values);
      put(this.#filter, field, condition);
      return this;
    }
    equalTo(field, value) { put(this.#filter, field, value); return this; }
    contains(field, values) { return this.#add(field, '$in', listOf(values)); }
    containsAll(field, values) { return this.#add(field, '$all', listOf(values)); }
    greaterThan(field, value) { return this.#add(field, '$gt', comparable(value)); }
    greaterThanOrEqualTo(field, value) { return this.#add(field, '$gte', comparable(value)); }
    lessThan(field, value) { return this.#add(field, '$lt', comparable(value)); }
    lessThanOrEqualTo(field, value) { return this.#add(field, '$lte', comparable(value)); }
    notEqualTo(field, value) { return this.#add(field, '$ne', value); }
    notContainedIn(field, values) { return this.#add(field, '$nin', listOf(values)); }
    exists(field, flag) { return this.#add(field, '$exists', flag === undefined ? true : flag || false); }
    mod(field, divisor, remainder = 0) {
      return this.#add(field, '$mod', [numberOf(divisor, 'divisor'), numberOf(remainder, 'remainder')]);
    }
    matches(field, expression, options = {}) {
      const regExp = expression instanceof RegExpCtor ? expression : new RegExpCtor(expression);
      const on = (name, flag) => (flag || options[name]) && options[name] !== false;
      wanted(!on('ignoreCase', regExp.ignoreCase), 'ignoreCase flag is not supported.');
      wanted(apply(indexOf, regExp.source, ['^']) === 0,
        'regExp must have `^` at the beginning of the expression to make it an anchored expression.');
      const flags = (on('multiline', regExp.multiline) ? 'm' : '')
        + (options.extended ? 'x' : '') + (options.dotMatchesAll ? 's' : '');
      this.#add(field, '$regex', regExp.source);
      return flags === '' ? this : this.#add(field, '$options', flags);
    }
    near(field, coord, maxDistance) {
      this.#add(field, '$nearSphere', pointOf(coord, 'coord'));
      return maxDistance ? this.#add(field, '$maxDistance', maxDistance) : this;
    }
    withinBox(field, bottomLeft, upperRight) {
      const box = [pointOf(bottomLeft, 'bottomLeftCoord'), pointOf(upperRight, 'upperRightCoord')];
      return this.#add(field, '$within', { $box: box });
    }
    withinPolygon(field, coords) {
      wanted(isArray(coords) && coords.length > 2, 'coords must be [[number, number]]');
      const polygon = apply(map, coords, [(coord) => pointOf(coord, 'coords argument')]);
      return this.#add(field, '$within', { $polygon: polygon });
    }
    size(field, size) { return this.#add(field, '$size', numberOf(size, 'size')); }
    ascending(field) { put(this.#top().#sort, field, 1); return this; }
    descending(field) { put(this.#top().#sort, field, -1); return this; }

    // AND before NOR before OR: the weaker one joins the query that the stronger one is part of.
    and(...queries) { return this.join('$and', queries); }
    nor(...queries) {
      const parent = this.#parent;
      return parent !== undefined && parent.#filter.$and ? parent.nor(...queries) : this.join('$nor', queries);
    }
    or(...queries) { return this.#parent !== undefined ? this.#parent.or(...queries) : this.join('$or', queries); }
    join(operator, queries) {
      let result = this;
      let filters = apply(map, queries, [(query) => {
        wanted(isObject(query), 'query argument must be of type: Kinvey.Query[] or Object[].');
        return (query instanceof Query ? query : new Query(query)).toPlainObject().filter;
      }]);
      if (filters.length === 0) {
        // The right-hand side is written on: a new query within this one.
        result = new Query();
        filters = [result.#filter];
        result.#parent = this;
      }
      const left = {}, names = keys(this.#filter);
      for (let i = 0; i < names.length; i++) {
        put(left, names[i], this.#filter[names[i]]);
        delete this.#filter[names[i]];
      }
      put(this.#filter, operator, apply(concat, [left], [filters]));
      return result;
    }

    toPlainObject() {
      const top = this.#top();
      return { fields: top.#fields, filter: top.#filter, sort: top.#sort, skip: top.#skip, limit: top.#limit };
    }
    toJSON() { return this.toPlainObject(); }
    toQueryString() {
      const { fields, filter, sort, skip, limit } = this.toPlainObject(), out = {};
      if (!isEmpty(filter)) out.query = jsonStringify(filter);
      if (!isEmpty(fields)) out.fields = apply(joinText, fields, [',']);
      if (limit) out.limit = jsonStringify(limit);
      if (skip > 0) out.skip = jsonStringify(skip);
      if (!isEmpty(sort)) out.sort = jsonStringify(sort);
      return out;
    }
    toString() { return jsonStringify(this.toQueryString()); }
  }

  return { __proto__: null, Query };
})
