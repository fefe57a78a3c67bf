function onRequest(request, response) {
  const rows = new Array(30000000).fill(0.5);
  rows.sort();
  response.body = rows.length;
  response.complete();
}
