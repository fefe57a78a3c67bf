// A lone surrogate, as a text cut in the middle of an emoji has.
function onRequest(request, response) {
  response.body = { title: 'ok \ud83d' };
  response.complete();
}
