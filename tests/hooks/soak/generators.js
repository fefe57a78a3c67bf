// Generators, iterator protocol, early return, delegation, iterator helpers.
const log = [];
function* count(n) {
  try { for (let i = 0; i < n; i++) { const got = yield i; if (got) log.push(got); } }
  finally { log.push('closed ' + n); }
}
function* tree(depth) { if (depth) { yield* tree(depth - 1); yield depth; yield* tree(depth - 1); } }
let sum = 0;
for (const x of tree(10)) sum += x;
for (const x of count(9)) if (x === 4) break;
const talk = count(3);
talk.next(); talk.next('hello'); talk.next('there');
const thrown = count(5);
thrown.next();
try { thrown.throw(new RangeError('out')); } catch (error) { log.push(error.message); }
const helped = count(100).filter((x) => x % 7 === 0).map((x) => x * x).drop(2).take(4).toArray();
const [a, , ...rest] = tree(3);
complete(null, { sum, log, helped, a, rest });
