// Kinvey's entities (`_acl`, `_kmd`) and its date strings.
(function (parts) {
  'use strict';
  const { bridge, clock, data, libraries } = parts;
  const { apply, hidden, isArray, job, keys, put } = bridge;
  const { newId } = data;
  const { loaded } = libraries;
  const { hasOwn } = Object;
  const DateCtor = Date;
  const { getTime, toISOString } = Date.prototype;
  const { indexOf, slice, startsWith, endsWith } = String.prototype;
  const isNaN = Number.isNaN;
  const isObject = (value) => typeof value === 'object' && value !== null;
  const missing = (value) => value === undefined || value === null;

  // ---- the methods of an _acl ----
  function listAt(acl, group, field, make) {
    let place = acl;
    if (group !== undefined) {
      if (!isObject(acl[group])) {
        if (!make) return [];
        acl[group] = {};
      }
      place = acl[group];
    }
    if (!isArray(place[field])) {
      if (!make) return [];
      place[field] = [];
    }
    return place[field];
  }
  const lists = [
    ['Reader', undefined, 'r'], ['Writer', undefined, 'w'], ['ReaderGroup', 'groups', 'r'],
    ['WriterGroup', 'groups', 'w'], ['ReaderRole', 'roles', 'r'], ['UpdateRole', 'roles', 'u'],
    ['DeleteRole', 'roles', 'd'],
  ];
  const aclMethods = { __proto__: null };
  function method(name, body) {
    aclMethods[name] = { [name](value) { return body(this, value); } }[name];
  }
  method('getCreator', (acl) => acl.creator);
  for (let i = 0; i < lists.length; i++) {
    const { 0: name, 1: group, 2: field } = lists[i];
    method(`get${name}s`, (acl) => listAt(acl, group, field, false));
    method(`add${name}`, (acl, id) => {
      const list = listAt(acl, group, field, true);
      for (let j = 0; j < list.length; j++) if (list[j] === id) return acl;
      put(list, list.length, id);
      return acl;
    });
    method(`remove${name}`, (acl, id) => {
      const list = listAt(acl, group, field, false);
      let kept = 0;
      for (let j = 0; j < list.length; j++) if (list[j] !== id) put(list, kept++, list[j]);
      list.length = kept;
      return acl;
    });
  }
  for (const [name, field] of [['Readable', 'gr'], ['Writable', 'gw']]) {
    method(`getGlobally${name}`, (acl) => {
      if (acl[field] === undefined) acl[field] = null;
      return acl[field];
    });
    method(`setGlobally${name}`, (acl, value) => {
      acl[field] = value;
      return acl;
    });
  }
  const aclNames = keys(aclMethods);

  // `touch`: business logic renews the time of the last change, Flex only fills it in.
  function makeEntity(given, touch) {
    const now = clock.isoNow();
    const out = isObject(given) ? given : {};
    if (missing(out._id)) out._id = typeof given === 'string' && given !== '' ? given : newId();
    if (!isObject(out._acl)) out._acl = {};
    if (missing(out._acl.creator)) out._acl.creator = job.appKey;
    if (!isObject(out._kmd)) out._kmd = {};
    if (missing(out._kmd.lmt) || touch) out._kmd.lmt = now;
    if (missing(out._kmd.ect)) out._kmd.ect = now;
    for (let i = 0; i < aclNames.length; i++) hidden(out._acl, aclNames[i], aclMethods[aclNames[i]]);
    return out;
  }
  function entity(given) { return makeEntity(given, true); }
  function flexEntity(given) { return makeEntity(given, false); }
  function isKinveyEntity(value) {
    return isObject(value) && hasOwn(value, '_acl') && hasOwn(value, '_kmd')
      && isObject(value._acl) && typeof value._acl.getCreator === 'function';
  }

  // ---- date strings: ISODate("2014-02-26T19:45:22.211Z") ----
  const HEAD = 'ISODate("', TAIL = '")', INVALID = 'Invalid date';
  function isoText(time) { return HEAD + apply(toISOString, new DateCtor(time), []) + TAIL; }
  function timeOf(value) {
    if (typeof value === 'string') return apply(getTime, loaded.moment(new DateCtor(value)).toDate(), []);
    if (loaded.moment.isMoment(value)) return apply(getTime, value.toDate(), []);
    try { return apply(getTime, value, []); } catch { return undefined; }
  }
  function dateString(value, otherwise) {
    if (!isObject(value) && typeof value !== 'string') return otherwise;
    if (typeof value === 'string' && apply(startsWith, value, [HEAD])) return value;
    const time = timeOf(value);
    if (time === undefined) return otherwise;
    return isNaN(time) ? INVALID : isoText(time);
  }
  function toKinveyDateString(value) { return dateString(value, undefined); }
  function flexDateString(value) { return dateString(value, null); }
  function fromKinveyDateString(text, format) {
    if (typeof text !== 'string' || !apply(startsWith, text, [HEAD]) || !apply(endsWith, text, [TAIL])) return INVALID;
    const iso = apply(slice, text, [HEAD.length, -TAIL.length]);
    if (iso === '' || apply(indexOf, iso, ['"']) >= 0) return INVALID;
    if (isNaN(apply(getTime, new DateCtor(iso), []))) return INVALID;
    switch (missing(format) ? 'date' : format) {
      case 'date': return new DateCtor(iso);
      case 'moment': return loaded.moment(iso);
      case 'string': return iso;
      default: return 'Invalid Format.';
    }
  }

  return {
    __proto__: null, dates: { toKinveyDateString, fromKinveyDateString }, entity, isKinveyEntity,
    flexDates: { toKinveyDateString: flexDateString, fromKinveyDateString }, flexEntity, newId,
  };
})
