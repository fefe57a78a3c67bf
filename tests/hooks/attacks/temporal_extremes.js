// attack: natives: computes with the first and the last day of every calendar
// expect: completed
// body: {"alive":true}
function onRequest(request, response) {
  for (const calendar of Intl.supportedValuesOf('calendar')) {
    for (const day of ['-271821-04-20', '+275760-09-12', '1970-01-01']) {
      try {
        const date = Temporal.PlainDate.from(`${day}[u-ca=${calendar}]`);
        date.add({ years: 1, months: 13, days: 400 }).until(date, { largestUnit: 'years' });
      } catch { /* out of range */ }
    }
  }
  response.body = { alive: true };
  response.complete();
}
