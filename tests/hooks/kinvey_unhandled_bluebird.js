function onRequest(request, response, modules) {
  modules.collectionAccess.collection('books').findAsync({ $nonsense: 1 });
}
