// attack: previous_job: looks for globals that no language standard knows
// expect: completed
// body: {"unknown":[]}
function onRequest(request, response) {
  const expected = new Set(('AggregateError Array ArrayBuffer AsyncDisposableStack Atomics BigInt BigInt64Array BigUint64Array ' +
    'Boolean Buffer DataView Date DisposableStack Error EvalError FinalizationRegistry Float16Array Float32Array Float64Array ' +
    'Function Infinity Int16Array Int32Array Int8Array Intl Iterator JSON Map Math NaN Number Object Promise Proxy ' +
    'RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String SuppressedError Symbol SyntaxError Temporal ' +
    'TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet WebAssembly ' +
    'decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval globalThis isFinite isNaN parseFloat parseInt ' +
    'undefined unescape clearImmediate clearInterval clearTimeout complete console db fetch progress queueMicrotask request setImmediate ' +
    'setInterval setTimeout onRequest').split(' '));
  response.body = { unknown: Reflect.ownKeys(globalThis).map(String).filter((name) => !expected.has(name)) };
  response.complete();
}
