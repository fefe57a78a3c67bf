// attack: pollution: breaks every library, then uses the modules that stand beside them
// expect: completed
// body: {"text":"YQ==","valid":[],"hex":24,"stored":1,"sum":[{"_id":1,"value":3}]}
function onRequest(request, response, modules) {
  const { utils, validation, collectionAccess } = modules;
  const broken = () => { throw new Error('broken'); };
  for (const owner of [modules.lodash, modules.moment.fn, modules.async, modules.bluebird.prototype, Buffer, Buffer.prototype]) {
    for (const name of Object.getOwnPropertyNames(owner)) { try { owner[name] = broken; } catch { /* it may be read-only */ } }
  }
  for (const name of ['map', 'filter', 'forEach', 'push', 'sort', 'join', 'concat']) Array.prototype[name] = broken;
  for (const name of ['exec', 'test']) RegExp.prototype[name] = broken;
  JSON.parse = JSON.stringify = Object.keys = broken;
  const things = collectionAccess.collection('poisoned_libraries');
  const text = utils.base64.encode('a'), valid = validation.doValidation({ a: { min: 1 } }, { a: 2 });
  things.insert([{ n: 1 }, { n: 2 }], function (error, stored) {
    things.mapReduce(function () { emit(1, this.n); }, function (key, values) { return values[0] + values[1]; }, {}, function (error, sum) {
      response.body = { text, valid, hex: utils.kinveyEntity()._id.length, stored: stored[0].n, sum };
      response.complete();
    });
  });
}
