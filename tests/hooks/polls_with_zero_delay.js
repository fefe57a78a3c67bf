// A timer that starts itself anew at once must not keep the reply waiting for ever.
function onRequest(request, response, modules) {
  let answered = false;
  modules.collectionAccess.collection('books').count({}, function () { answered = true; });
  (function poll() {
    if (!answered) return setTimeout(poll, 0);
    response.body = 'answered';
    response.complete();
  })();
}
