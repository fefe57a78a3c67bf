// attack: coercion: passes options and entities whose getters throw, count and answer something else each time
// expect: completed
// body: {"thrown":["trap","trap","trap"],"found":1,"reads":1}
function onRequest(request, response, modules) {
  const things = modules.collectionAccess.collection('getters_on_options'), thrown = [];
  const trap = { get sort() { throw new Error('trap'); } };
  const tries = [() => things.find({}, trap), () => things.update({}, {}, { get multi() { throw new Error('trap'); } }),
    () => things.save({ get a() { throw new Error('trap'); } })];
  for (const one of tries) { try { one(); } catch (error) { thrown.push(error.message); } }
  let reads = 0;
  things.insert({ n: 1 }, function () {
    things.find({}, { get limit() { reads++; return reads === 1 ? 1 : 'nonsense'; } }, function (error, found) {
      response.body = { thrown, found: found.length, reads };
      response.complete();
    });
  });
}
