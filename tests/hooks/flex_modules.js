async function onRequest(context, complete, modules) {
  const { dataStore, Query, kinveyEntity, kinveyDate, tempObjectStore, requestContext, backendContext } = modules;
  const books = dataStore().collection('books'), told = {};
  told.saved = await books.save({ _id: 'a', n: 1 });
  told.created = (await books.create(Array.from({ length: 150 }, (_, n) => ({ n })))).length;
  const query = new Query().greaterThan('n', 1).or(new Query().matches('name', /^a/)).descending('n');
  query.limit = 3;
  told.found = await books.find(query);
  told.one = await books.findById('a');
  told.none = await books.findById('none').catch((error) => [error.message, error.description]);
  told.count = await books.count();
  told.removed = [await books.remove(new Query().equalTo('n', 1)), await books.removeById('a')];
  told.needed = await books.findById().catch((error) => error.debug);
  told.bl = await dataStore({ useBl: true }).collection('books').find().catch((error) => error.description);
  told.entity = [kinveyEntity.isKinveyEntity(kinveyEntity.entity()), kinveyEntity.entity({ _kmd: { lmt: 'then' } })._kmd.lmt];
  told.date = [kinveyDate.toKinveyDateString(new Date(0)), kinveyDate.toKinveyDateString(7)];
  told.email = await modules.email.send('f', 't', 's', 'b');
  told.push = await modules.push.broadcastMessage('m');
  told.context = [backendContext.getAppKey(), requestContext.getSecurityContext(), tempObjectStore.set('k', 1)];
  try { modules.userStore().suspend('u'); } catch (error) { told.refused = error.message; }
  books.count((error, result) => {
    told.callback = [error, result];
    complete(told).created().done();
  });
}
