// Bytes and texts: base64, UTF-8, views of buffers, by nothing that a tenant could replace.
(function (parts) {
  'use strict';
  const { bridge } = parts;
  const { apply, toString } = bridge;
  const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
  const Bytes = Uint8Array, isView = ArrayBuffer.isView;
  const { charCodeAt, slice, toWellFormed } = String.prototype;
  const fromCharCode = String.fromCharCode;

  // The parts of a view or buffer, by the getters that a tenant can neither replace nor shadow.
  const getter = (prototype, name) => getOwnPropertyDescriptor(prototype, name).get;
  const viewGetters = (prototype) => ({
    __proto__: null, buffer: getter(prototype, 'buffer'),
    byteOffset: getter(prototype, 'byteOffset'), byteLength: getter(prototype, 'byteLength'),
  });
  const typedArray = getPrototypeOf(Uint8Array.prototype);
  const ofTypedArray = viewGetters(typedArray), ofDataView = viewGetters(DataView.prototype);
  const typedArrayName = getter(typedArray, Symbol.toStringTag);
  const sizeOf = (bytes) => apply(ofTypedArray.byteLength, bytes, []);
  const bufferLength = getter(ArrayBuffer.prototype, 'byteLength');

  // A lone surrogate has no bytes; it becomes U+FFFD, as everywhere on the web.
  const wellFormed = (value) => apply(toWellFormed, toString(value), []);

  // Strings are put together from pieces of this many characters: one by one, each would cost
  // an object of the heap.
  const PIECE = 4096;
  function writer() {
    let out = '', piece = [];
    const flush = () => { out += apply(fromCharCode, undefined, piece); piece = []; };
    return {
      __proto__: null,
      unit(code) {
        piece[piece.length] = code;
        if (piece.length === PIECE) flush();
      },
      end() { flush(); return out; },
    };
  }

  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const digits = new Bytes(64), values = new Bytes(128);
  for (let i = 0; i < 64; i++) {
    digits[i] = apply(charCodeAt, alphabet, [i]);
    values[digits[i]] = i;
  }
  const PADDING = 61;
  function toBase64(bytes) {
    const length = sizeOf(bytes), out = writer();
    for (let i = 0; i < length; i += 3) {
      const three = (bytes[i] << 16) | ((bytes[i + 1] | 0) << 8) | (bytes[i + 2] | 0);
      out.unit(digits[three >> 18]);
      out.unit(digits[(three >> 12) & 63]);
      out.unit(i + 1 < length ? digits[(three >> 6) & 63] : PADDING);
      out.unit(i + 2 < length ? digits[three & 63] : PADDING);
    }
    return out.end();
  }
  // The host's own base64, which needs no check.
  function fromBase64(encoded) {
    let length = encoded.length;
    while (length > 0 && encoded[length - 1] === '=') length--;
    const out = new Bytes((length * 3) >> 2);
    let bits = 0, held = 0, at = 0;
    for (let i = 0; i < length; i++) {
      held = ((held << 6) | values[apply(charCodeAt, encoded, [i])]) & 0xffffff;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        out[at++] = (held >> bits) & 0xff;
      }
    }
    return out;
  }

  // A well-formed string's UTF-8, in an array of exactly its length.
  function toUtf8(string) {
    let length = 0;
    for (let i = 0; i < string.length; i++) {
      const unit = apply(charCodeAt, string, [i]);
      // Half of a pair is two of the pair's four bytes.
      length += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
    }
    const out = new Bytes(length);
    let at = 0;
    for (let i = 0; i < string.length; i++) {
      let point = apply(charCodeAt, string, [i]);
      if (point >= 0xd800 && point < 0xdc00) {
        const second = apply(charCodeAt, string, [++i]);
        point = 0x10000 + ((point - 0xd800) << 10) + (second - 0xdc00);
      }
      if (point < 0x80) { out[at++] = point; continue; }
      if (point < 0x800) {
        out[at++] = 0xc0 | (point >> 6);
      } else {
        if (point < 0x10000) {
          out[at++] = 0xe0 | (point >> 12);
        } else {
          out[at++] = 0xf0 | (point >> 18);
          out[at++] = 0x80 | ((point >> 12) & 0x3f);
        }
        out[at++] = 0x80 | ((point >> 6) & 0x3f);
      }
      out[at++] = 0x80 | (point & 0x3f);
    }
    return out;
  }

  // The web's decoder: each part that cannot be UTF-8 becomes one U+FFFD.
  function fromUtf8(bytes) {
    const length = sizeOf(bytes), out = writer();
    let point = 0, needed = 0, low = 0x80, high = 0xbf;
    for (let i = 0; i < length; i++) {
      const byte = bytes[i];
      if (needed === 0) {
        if (byte < 0x80) { out.unit(byte); continue; }
        if (byte < 0xc2 || byte > 0xf4) { out.unit(0xfffd); continue; }
        needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        point = byte & (0x3f >> needed);
        // What a shorter form could say, surrogates, and what is above U+10FFFF.
        low = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
        high = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
        continue;
      }
      const fits = byte >= low && byte <= high;
      low = 0x80; high = 0xbf;
      if (!fits) {
        needed = 0;
        out.unit(0xfffd);
        i--; // it may begin the next character
        continue;
      }
      point = (point << 6) | (byte & 0x3f);
      if (--needed > 0) continue;
      if (point < 0x10000) { out.unit(point); continue; }
      out.unit(0xd800 + ((point - 0x10000) >> 10));
      out.unit(0xdc00 + ((point - 0x10000) & 0x3ff));
    }
    if (needed > 0) out.unit(0xfffd);
    return out.end();
  }

  function withoutMark(string) {
    return string[0] === '\uFEFF' ? apply(slice, string, [1]) : string;
  }
  // The bytes of an ArrayBuffer or a view of one; undefined for anything else.
  function viewed(body) {
    if (isView(body)) {
      const of = apply(typedArrayName, body, []) === undefined ? ofDataView : ofTypedArray;
      return new Bytes(
        apply(of.buffer, body, []), apply(of.byteOffset, body, []), apply(of.byteLength, body, []));
    }
    try { apply(bufferLength, body, []); } catch { return undefined; }
    return new Bytes(body);
  }

  return {
    __proto__: null, bufferOf: ofTypedArray.buffer, fromBase64, fromUtf8, toBase64, toUtf8, viewed, wellFormed,
    withoutMark,
  };
})
