function onRequest(request, response) {
  response.error({ code: 11000, errmsg: 'duplicate key' });
}
