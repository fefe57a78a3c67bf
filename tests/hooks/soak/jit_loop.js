// A loop hot enough for every compiler tier, on integers and on doubles.
function mix(n) {
  let h = 2166136261;
  for (let i = 0; i < n; i++) h = Math.imul(h ^ (i & 255), 16777619) >>> 0;
  return h;
}
function series(n) {
  let sum = 0;
  for (let i = 1; i <= n; i++) sum += 1 / (i * i);
  return sum;
}
const rounds = [];
for (let i = 0; i < 40; i++) rounds.push(mix(3000 + i));
complete(null, { rounds, pi: Math.sqrt(6 * series(60000)) });
