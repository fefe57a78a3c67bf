// Native code that cannot get memory dies of a signal: still the hook's doing.
function onRequest(request, response) {
  response.body = encodeURIComponent('\u20ac'.repeat(1e7)).length;
  response.complete();
}
