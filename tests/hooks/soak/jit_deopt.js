// Optimised code that has to be thrown away: one call site sees shape after shape.
function area(shape) { return shape.w * shape.h + (shape.extra || 0); }
const kinds = [
  (i) => ({ w: i, h: 2 }),
  (i) => ({ h: 3, w: i }),
  (i) => ({ w: i + 0.5, h: 4, extra: 1 }),
  (i) => ({ extra: i, w: String(i), h: 1 }),
  (i) => Object.create({ h: 7 }, { w: { get: () => i } }),
];
const sums = [];
for (const make of kinds) {
  let sum = 0;
  for (let i = 0; i < 1200; i++) sum += area(make(i));
  sums.push(sum);
}
complete(null, sums);
