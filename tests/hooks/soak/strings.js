// Strings: ropes, slices, one-byte and two-byte, padding, code points.
let rope = '';
for (let i = 0; i < 8000; i++) rope += i % 3 ? String.fromCharCode(97 + (i % 26)) : 'é' + i;
let hash = 0;
for (let i = 0; i < rope.length; i++) hash = (Math.imul(hash, 33) ^ rope.charCodeAt(i)) | 0;
const parts = [];
for (let i = 0; i < 2000; i += 50) parts.push(rope.slice(i, i + 40).toUpperCase());
const emoji = '👩‍👩‍👧‍👦 naïve 𝒳';
complete(null, {
  length: rope.length, hash, joined: parts.join('|').length, at: rope.lastIndexOf('é300'),
  points: [...emoji].length, units: emoji.length, well: '\ud800x'.toWellFormed(), pad: 'x'.padStart(9, '<>'),
  template: String.raw`a\n${1 + 1}`, replaced: 'a-b-c'.replaceAll('-', () => '+'), compare: 'a'.localeCompare('B'),
  escaped: encodeURIComponent(emoji), back: decodeURIComponent('%F0%9D%92%B3'), big: 'ab'.repeat(3000).length,
});
