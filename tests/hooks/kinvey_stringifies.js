function onRequest(request, response, modules) {
  var parsed = JSON.parse(JSON.stringify(request));
  response.body = [Object.keys(parsed).sort().join(), typeof JSON.stringify(modules), JSON.stringify(response)];
  response.complete();
}
