// attack: intrinsics: deletes every global, then completes through its arguments
// expect: completed
// body: {"worked":[1,"late"]}
function onRequest(request, response, modules) {
  const later = setTimeout;
  const books = modules.collectionAccess.collection('deleted_globals');
  const { ownKeys, deleteProperty } = Reflect, outer = globalThis;
  for (const name of ownKeys(outer)) deleteProperty(outer, name);
  books.insert({}, function (error, stored) {
    later(function () {
      modules.logger.info('still here');
      response.body = { worked: [stored.length, 'late'] };
      response.complete();
    }, 0);
  });
}
