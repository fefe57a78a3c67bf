// Hooks of one collection in one script, as Kinvey stored them, with helpers below their use.
function onPreSave(request, response, modules) {
  var store = modules.utils.tempObjectStore;
  if (!request.body.title) return refuse(response);
  if (request.body.title === 'Dune') return response.error('not for loan');
  store.set('asked', request.body.title);
  request.body.title = request.body.title.trim();
  request.body.by = request.username;
  modules.collectionAccess.collection('seen').insert({ hook: 'pre' }, function (error) {
    if (error) return response.error(error);
    response.continue();
  });
}

function onPostSave(request, response, modules) {
  response.body.asked = modules.utils.tempObjectStore.get('asked');
  response.body.entityId = request.entityId || null;
  response.headers['x-saved'] = response.body._id;
  response.continue();
}

function onPreFetch(request, response, modules) {
  // A virtual entity: the database is not asked.
  if (request.entityId === 'virtual') {
    response.body = { _id: 'virtual', made: 'up' };
    return response.complete();
  }
  var query = JSON.parse(request.params.query || '{}');
  query.hidden = { $ne: true };
  request.params.query = JSON.stringify(query);
  response.continue();
}

function onPostFetch(request, response, modules) {
  var body = response.body;
  response.body = Array.isArray(body) ? body.map(function (loan) { return loan.title; }) : body;
  response.continue();
}

function refuse(response) {
  response.body = { needs: 'title' };
  response.complete(422);
}
