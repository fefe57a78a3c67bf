// Dates that depend on no clock: arithmetic, parsing, leap years, the ends of the range.
const out = [];
for (let year = 1890; year < 2110; year += 11) {
  const d = new Date(Date.UTC(year, 1, 29, 12));
  out.push(d.toISOString().slice(0, 10), d.getUTCDay());
}
out.push(Date.parse('2024-02-30T00:00:00Z'), Date.parse('Thu, 01 Jan 1970 00:00:01 GMT'));
out.push(new Date(8.64e15).toISOString(), String(new Date(8.64e15 + 1)), new Date(2020, 0, 31).getMonth());
const moving = new Date(0);
for (let i = 0; i < 500; i++) moving.setUTCMonth(moving.getUTCMonth() + 1, (i % 28) + 1);
out.push(moving.toJSON(), moving.getTimezoneOffset(), new Date(2024, 5, 1).toString());
complete(null, out);
