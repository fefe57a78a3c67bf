function onPreSave(request, response) {
  request.body = [1, 'two', null];
  response.complete(400, { description: 'not read' });
}
