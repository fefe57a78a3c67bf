// Map, Set and weak collections: hash order is insertion order, however the hash seed fell.
const map = new Map();
for (let i = 0; i < 6000; i++) map.set('k' + ((i * 7919) % 4001), i);
for (let i = 0; i < 4001; i += 3) map.delete('k' + i);
let sum = 0;
for (const [key, value] of map) sum = (Math.imul(sum, 31) + key.length * value) | 0;
const keys = [{}, [], () => 1, Symbol('s'), NaN, -0, 1n, 'x'];
const mixed = new Map(keys.map((key, i) => [key, i]));
const a = new Set([1, 2, 3, 4, 5, 6]);
const b = new Set([4, 5, 6, 7]);
const grouped = Map.groupBy([1, 2, 3, 4, 5, 6, 7], (x) => x % 3);
const weak = new WeakSet(keys.slice(0, 3));
const object = {};
for (let i = 0; i < 500; i++) object[(i * 37) % 501 + (i % 2 ? '' : 'p')] = i;
complete(null, {
  size: map.size, sum, mixed: keys.map((key) => mixed.get(key)), zero: mixed.get(0),
  union: [...a.union(b)], both: [...a.intersection(b)], less: [...a.difference(b)],
  grouped: [...grouped], weak: keys.slice(0, 3).every((key) => weak.has(key)),
  first: Object.keys(object).slice(0, 6), last: Object.keys(object).slice(-6),
});
