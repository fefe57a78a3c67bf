// Files are a collection, too.
function onPreSave(request, response, modules) {
  var ending = request.body._filename.split('.').pop(), types = { png: 'image/png', txt: 'text/plain' };
  if (!types[ending]) return response.error(new Error('no such type: ' + ending));
  request.body.mimeType = types[ending];
  response.continue();
}
