const seen = [];
setTimeout(function (a, b) { seen.push(a + b); }, 20, 'late', 'r');
setTimeout(function () { seen.push('soon'); }, 1);
const never = setTimeout(function () { seen.push('never'); }, 5);
clearTimeout(never);
setImmediate(function () { seen.push('immediate'); });
queueMicrotask(function () { seen.push('microtask'); });
let ticks = 0;
const interval = setInterval(function () {
  ticks += 1;
  if (ticks < 3) return;
  clearInterval(interval);
  setTimeout(function () { complete(null, { seen, ticks }); }, 40);
}, 2);
seen.push('first');
