// Code made from text: direct and indirect eval, Function, their scopes and their errors.
const out = [];
var outer = 'script';
function direct(x) { return eval('var made = x * 2; made + outer.length'); }
out.push(direct(4), (0, eval)('typeof made'), eval('let a = 1; a += 2'));
for (let i = 0; i < 60; i++) {
  const f = new Function('a', 'b', `let s = 0; for (let i = 0; i < 50; i++) s += a * ${i} + b; return s;`);
  out.push(f(i, 1));
}
const Generator = Object.getPrototypeOf(function* () {}).constructor;
out.push([...new Generator('n', 'for (let i = 0; i < n; i++) yield i * i')(5)]);
for (const source of ['let 1', 'return', 'a b', '({)', '`${']) {
  try { new Function(source); out.push('ran'); } catch (error) { out.push(error.name + ': ' + error.message); }
}
out.push(new Function('a, b', 'return a + b').toString());
complete(null, out);
