// Short-lived garbage: many scavenges.
let keep = null;
let count = 0;
for (let i = 0; i < 30000; i++) {
  const node = { i, pair: [i, i + 1], text: 'n' + i, next: null };
  if (i % 100 === 0) {
    node.next = keep;
    keep = node;
    count++;
  }
}
let sum = 0;
let length = 0;
for (let node = keep; node; node = node.next) {
  sum += node.pair[0] + node.pair[1];
  length += node.text.length;
}
complete(null, { count, sum, length });
