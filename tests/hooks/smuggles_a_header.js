// A header value that would end its line and begin another header.
function onRequest(request, response) {
  response.headers['x-note'] = 'fine\r\nset-cookie: admin=1';
  response.complete();
}
