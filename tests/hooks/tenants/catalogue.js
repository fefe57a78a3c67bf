// A virtual entity, a query that is narrowed for whoever asks, and documents decorated for it.
function onPreFetch(request, response, modules) {
  if (request.entityId == 'today') {
    response.body = { _id: 'today', title: 'Book of the day', made: 'up' };
    return response.complete(200);
  }
  var query = {};
  if (request.params.query) {
    try {
      query = JSON.parse(request.params.query);
    } catch (e) {
      return response.error('the query is not JSON');
    }
  }
  if (query.search) {
    query.title = { $regex: query.search, $options: 'i' };
    delete query.search;
  }
  query.hidden = { $ne: true };
  request.params.query = JSON.stringify(query);
  modules.requestContext.setCustomRequestProperty('asked', Object.keys(query));
  response.continue();
}

function onPostFetch(request, response, modules) {
  var single = !(response.body instanceof Array), docs = single ? [response.body] : response.body;
  var authors = modules.collectionAccess.collection('authors');
  modules.async.each(docs, function (doc, done) {
    doc.shout = doc.title.toUpperCase();
    authors.findOne({ _id: doc.author }, function (err, author) {
      doc.author = author ? author.name : 'anonymous';
      delete doc._acl; delete doc._kmd;
      done(err);
    });
  }, function (err) {
    if (err) return response.error(err);
    response.headers['x-asked'] = modules.requestContext.getCustomRequestProperty('asked');
    response.headers['x-fetch-date'] = modules.moment(0);
    response.body = single ? docs[0] : docs;
    response.continue();
  });
}
