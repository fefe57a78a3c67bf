// Uses and changes everything that an outcome reports.
function onRequest(request, response, modules) {
  response.headers['x-served-by'] = 'hello';
  response.body = { hello: request.body.name, params: request.params };
  request.seen = true;
  modules.logger.info('hello');
  modules.collectionAccess.collection('books').count({}, function () { response.complete(203); });
}
