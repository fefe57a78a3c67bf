// JSON both ways: nesting, escapes, toJSON, revivers, replacers, numbers at their edges.
const rows = Array.from({ length: 60 }, (_, i) => ({
  id: i, name: 'näme "' + i + '"\n', tags: ['a', null, true, i / 7], at: new Date(i * 86400000),
  deep: { a: { b: { c: [i, { d: -i }] } } }, skip: undefined, fn() {},
}));
const text = JSON.stringify(rows);
const back = JSON.parse(text, (key, value) => (key === 'at' ? value.slice(0, 10) : value));
const edges = JSON.parse('[1e21,1e-7,0.1,-0,9007199254740993,5e-324,"\\ud83d\\ude00\\u0000"]');
const picked = JSON.stringify(back.slice(0, 3), ['id', 'tags', 'at'], 1);
let wrong = '';
try { JSON.parse('{"a":1,}'); } catch (error) { wrong = error.message; }
complete(null, { length: text.length, picked, edges, wrong, end: back.at(-1), lone: JSON.stringify('\ud800') });
