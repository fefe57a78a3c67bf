function onPreSave(request, response, modules) {
  var store = modules.utils.tempObjectStore, set = store.set;
  set('started', store.get('count') + 1);
  store.set('list', [1, { a: 2 }]);
  request.body.all = Object.keys(store.getAll()).sort().join();
  response.continue();
}
