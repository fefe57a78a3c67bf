// OAuth 1.0a for `modules.request`: the Authorization header that npm's request made of its option
// `oauth` (RFC 5849, HMAC-SHA1 or PLAINTEXT).
(function (parts) {
  'use strict';
  const { bridge, bytes, clock } = parts;
  const { apply, host, keys, list, put, toString, ErrorCtor } = bridge;
  const { toBase64, toUtf8, wellFormed } = bytes;
  const Bytes = Uint8Array, Words = Uint32Array;
  const setBytes = Uint8Array.prototype.set, sort = Array.prototype.sort;
  const { indexOf, replace, slice, split, startsWith, toLowerCase } = String.prototype;
  const encodeComponent = encodeURIComponent, decodeComponent = decodeURIComponent;
  const { floor } = Math;
  const BLOCK = 64, HASH = 20;

  // ---- SHA-1 and HMAC ----
  const left = (value, by) => (value << by) | (value >>> (32 - by));
  function sha1(message) {
    const length = message.length, padded = new Bytes(floor((length + 8) / BLOCK) * BLOCK + BLOCK);
    apply(setBytes, padded, [message]);
    padded[length] = 0x80;
    // A message here is far below 512 MB: its bits fit into 32.
    for (let i = 0; i < 4; i++) padded[padded.length - 1 - i] = (length * 8) >>> (i * 8);
    const state = new Words([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]), w = new Words(80);
    for (let at = 0; at < padded.length; at += BLOCK) {
      for (let i = 0; i < 16; i++) {
        const j = at + i * 4;
        w[i] = (padded[j] << 24) | (padded[j + 1] << 16) | (padded[j + 2] << 8) | padded[j + 3];
      }
      for (let i = 16; i < 80; i++) w[i] = left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
      round(state, w);
    }
    const out = new Bytes(HASH);
    for (let i = 0; i < HASH; i++) out[i] = state[i >> 2] >>> (24 - (i & 3) * 8);
    return out;
  }
  function round(state, w) {
    let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (let i = 0; i < 80; i++) {
      const f = i < 20 ? (b & c) | (~b & d) : i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
      const k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
      const next = (left(a, 5) + f + e + k + w[i]) | 0;
      e = d; d = c; c = left(b, 30); b = a; a = next;
    }
    state[0] += a; state[1] += b; state[2] += c; state[3] += d; state[4] += e;
  }
  function hmac(key, text) {
    let secret = toUtf8(key);
    if (secret.length > BLOCK) secret = sha1(secret);
    const message = toUtf8(text);
    const inner = new Bytes(BLOCK + message.length), outer = new Bytes(BLOCK + HASH);
    for (let i = 0; i < BLOCK; i++) {
      const byte = i < secret.length ? secret[i] : 0;
      inner[i] = byte ^ 0x36;
      outer[i] = byte ^ 0x5c;
    }
    apply(setBytes, inner, [message, BLOCK]);
    apply(setBytes, outer, [sha1(inner), BLOCK]);
    return sha1(outer);
  }

  // ---- the header ----
  const reserved = /[!'()*]/g;
  const escapes = { __proto__: null, '!': '%21', "'": '%27', '(': '%28', ')': '%29', '*': '%2A' };
  function encode(value) {
    return apply(replace, encodeComponent(wellFormed(value)), [reserved, (found) => escapes[found]]);
  }
  function decode(text) {
    const spaced = apply(replace, text, [/\+/g, ' ']);
    try { return decodeComponent(spaced); } catch { return spaced; }
  }
  // Adds the fields of a query or a form to `pairs`, encoded anew.
  function addFields(pairs, text) {
    if (typeof text !== 'string' || text === '') return;
    const fields = apply(split, text, ['&']);
    for (let i = 0; i < fields.length; i++) {
      const at = apply(indexOf, fields[i], ['=']);
      const name = at < 0 ? fields[i] : apply(slice, fields[i], [0, at]);
      if (name !== '') put(pairs, pairs.length, [encode(decode(name)), encode(at < 0 ? '' : decode(apply(slice, fields[i], [at + 1])))]);
    }
  }
  const order = (a, b) => (a[0] !== b[0] ? (a[0] < b[0] ? -1 : 1) : a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0);
  function baseOf(method, url, pairs) {
    apply(sort, pairs, [order]);
    let fields = '';
    for (let i = 0; i < pairs.length; i++) fields += (i === 0 ? '' : '&') + pairs[i][0] + '=' + pairs[i][1];
    return method + '&' + encode(url) + '&' + encode(fields);
  }
  // Scheme and host in small letters, the scheme's own port left out.
  const place = /^(https?):\/\/([^\/?#]*)([^?#]*)/i;
  function plainUrl(url) {
    const found = apply(RegExp.prototype.exec, place, [url]);
    if (found === null) return url;
    const scheme = apply(toLowerCase, found[1], []), port = scheme === 'https' ? /:443$/ : /:80$/;
    return scheme + '://' + apply(replace, apply(toLowerCase, found[2], []), [port, '']) + (found[3] || '/');
  }

  // `form` is the text of the form that is sent, if there is one.
  function header(method, url, form, given) {
    const kind = given.signature_method === undefined ? 'HMAC-SHA1' : toString(given.signature_method);
    if (kind !== 'HMAC-SHA1' && kind !== 'PLAINTEXT') {
      throw new ErrorCtor(`request: oauth signs with HMAC-SHA1 or PLAINTEXT, not with ${kind}`);
    }
    const sent = list(), pairs = [];
    const add = (name, value) => { put(sent, sent.length, [name, encode(toString(value))]); };
    const names = keys(given);
    for (let i = 0; i < names.length; i++) {
      const name = names[i], value = given[name];
      const inUrl = name === 'realm' || name === 'transport_method' || name === 'body_hash';
      const secret = name === 'consumer_secret' || name === 'token_secret' || name === 'private_key';
      if (inUrl || secret || value === undefined || value === null) continue;
      add(apply(startsWith, name, ['oauth_']) ? name : 'oauth_' + name, value);
    }
    if (given.version === undefined) add('oauth_version', '1.0');
    if (given.timestamp === undefined) add('oauth_timestamp', floor(clock.now() / 1000));
    if (given.nonce === undefined) add('oauth_nonce', host.uniqueId() + floor(clock.now()));
    if (given.signature_method === undefined) add('oauth_signature_method', kind);
    for (let i = 0; i < sent.length; i++) put(pairs, pairs.length, sent[i]);
    const query = apply(split, apply(split, url, ['#'])[0], ['?'])[1];
    addFields(pairs, query);
    addFields(pairs, form);
    const key = encode(given.consumer_secret || '') + '&' + encode(given.token_secret || '');
    const signature = kind === 'PLAINTEXT' ? key : toBase64(hmac(key, baseOf(method, plainUrl(url), pairs)));
    add('oauth_signature', signature);
    let out = 'OAuth ' + (given.realm ? `realm="${toString(given.realm)}",` : '');
    for (let i = 0; i < sent.length; i++) out += (i === 0 ? '' : ',') + `${sent[i][0]}="${sent[i][1]}"`;
    return out;
  }

  return { __proto__: null, header };
})
