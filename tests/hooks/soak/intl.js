// ICU: numbers, dates, collation, plurals, segments, case.
const day = new Date(Date.UTC(2024, 1, 29, 13, 5, 9));
const out = [];
for (const locale of ['en-US', 'de-DE', 'ja-JP', 'ar-EG']) {
  out.push(new Intl.NumberFormat(locale, { style: 'currency', currency: 'EUR' }).format(1234567.891));
  out.push(new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'long', timeZone: 'UTC' }).format(day));
}
out.push(['z', 'ä', 'a', 'ö', 'Z', 'ß'].sort(new Intl.Collator('de').compare).join(''));
out.push(['z', 'ä', 'a', 'ö'].sort(new Intl.Collator('sv').compare).join(''));
out.push(['0', '1', '2', '5', '21'].map((n) => new Intl.PluralRules('ru').select(Number(n))));
out.push([...new Intl.Segmenter('en', { granularity: 'word' }).segment('One, two 👩‍👩‍👧!')].length);
out.push('İSTANBUL'.toLocaleLowerCase('tr'), 'ﬁ'.normalize('NFKD'), new Intl.ListFormat('en').format(['a', 'b', 'c']));
complete(null, out);
