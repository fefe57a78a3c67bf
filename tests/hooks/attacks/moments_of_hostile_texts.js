// attack: libraries: has dates read from texts that made older versions search for ever
// expect: completed
// body: {"valid":[false,false,false,false,false,true],"text":"Invalid date","year":2014}
function onRequest(request, response, modules) {
  const { moment } = modules;
  const texts = ['('.repeat(200000), '9'.repeat(200000), 'a'.repeat(200000), ' '.repeat(200000), '+'.repeat(200000), '2014-02-26'];
  const valid = texts.map((text) => moment(text).isValid());
  const odd = moment({ toString() { throw new Error('trap'); }, year: 2014 });
  response.body = { valid, text: moment(NaN).format('Y'.repeat(1000)), year: odd.year() };
  response.complete();
}
