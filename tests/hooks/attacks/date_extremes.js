// attack: natives: formats and parses the ends of time and what is no date
// expect: completed
// body: {"texts":["Invalid Date","NaN","RangeError"]}
function onRequest(request, response) {
  const texts = [String(new Date(8.64e15 + 1)), String(Date.parse('('.repeat(1e6)))];
  try { new Date(NaN).toISOString(); } catch (error) { texts.push(error.constructor.name); }
  new Date(8.64e15).toLocaleString('th-TH-u-ca-buddhist', { timeZone: 'Asia/Bangkok', dateStyle: 'full' });
  response.body = { texts };
  response.complete();
}
