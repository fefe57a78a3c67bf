// attack: intrinsics: replaces methods of Map, Set, WeakMap and WeakRef
// expect: completed
// body: {"worked":3}
function onRequest(request, response) {
  const broken = () => { throw new Error('replaced'); };
  for (const proto of [Map.prototype, Set.prototype, WeakMap.prototype, WeakSet.prototype, WeakRef.prototype]) {
    for (const name of ['get', 'set', 'has', 'add', 'delete', 'deref', 'forEach']) {
      if (name in proto) proto[name] = broken;
    }
  }
  let left = 3;
  const done = () => { if (--left === 0) { response.body = { worked: 3 }; response.complete(); } };
  setTimeout(done, 0);
  setTimeout(done, 1);
  db.count('replaced_map_and_set', done);
}
