// attack: forging: returns lone surrogates in keys and values
// expect: completed
// body: {"a\ufffd":"\ufffd\ufffd","ok":"😀"}
function onRequest(request, response) {
  response.body = { ['a\ud800']: '\udc00\ud800', ok: '\ud83d\ude00' };
  response.complete();
}
