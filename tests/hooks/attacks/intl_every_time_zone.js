// attack: natives: makes ICU look for the data of every time zone, which is no file of the jail
// expect: completed
// body: {"zones":true,"odd":0}
function onRequest(request, response) {
  const zones = Intl.supportedValuesOf('timeZone');
  let odd = 0;
  for (let i = 0; i < zones.length; i += 20) {
    if (!new Date(0).toLocaleString('de', { timeZone: zones[i] }).includes('19')) odd++;
  }
  response.body = { zones: zones.length > 300, odd };
  response.complete();
}
