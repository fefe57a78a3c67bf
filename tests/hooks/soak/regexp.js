// Interpreted and compiled regular expressions: groups, look-behind, Unicode, sticky, replace.
const line = '2024-03-05T10:20:30Z [warn] user=änne id=42 path=/a/b?x=1&y=%20 "quoted \\" text"';
const text = Array.from({ length: 20 }, (_, i) => line.replace('42', String(i * 7))).join('\n');
const out = [];
for (let i = 0; i < 20; i++) {
  const ids = [...text.matchAll(/id=(?<id>\d+)/g)].map((m) => Number(m.groups.id));
  out.push(ids.reduce((a, b) => a + b + i, 0));
}
out.push(text.match(/(?<=user=)\p{L}+/gu).length);
out.push(text.replace(/"((?:[^"\\]|\\.)*)"/g, (_, inner) => `<${inner.length}>`).length);
out.push(text.split(/\s*[\n&?]\s*/).length);
const sticky = /(\w+)=([^\s]*)\s?/y;
sticky.lastIndex = line.indexOf('user');
out.push(sticky.exec(line).slice(1), sticky.exec(line).slice(1), sticky.lastIndex);
out.push(/^(a+)+$/.test('a'.repeat(11) + 'b'), /\bÄ/iu.test('x änne'), 'aBc'.replace(/b/i, '[$&]'));
complete(null, out);
