// attack: forging: tries to put raw JSON that is more than one value into the result
// expect: completed
// body: {"refused":4}
function onRequest(request, response) {
  let refused = 0;
  for (const text of ['{"a":1}', '1,"forged":2', ' 1', '"a"}']) { try { JSON.rawJSON(text); } catch { refused++; } }
  response.body = { refused };
  response.complete();
}
