// Garbage that survives for a while: promotion, mark and compact, weak references.
const slots = new Array(200).fill(null);
const seen = new WeakMap();
let marks = 0;
for (let i = 0; i < 8000; i++) {
  const block = { id: i, data: new Array(60).fill(i), back: slots[(i * 7) % 200] };
  if (block.back) block.back.back = null;
  seen.set(block, i);
  slots[i % 200] = block;
}
for (const block of slots) marks += seen.get(block) + block.data[59];
const weak = new WeakRef(slots[3]);
complete(null, { marks, same: weak.deref() === slots[3], ids: slots.slice(0, 5).map((b) => b.id) });
