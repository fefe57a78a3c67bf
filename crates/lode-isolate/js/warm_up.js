// Runs in the zygote only. Must not draw from Math.random: children reseed before its first use.
onPreSave = function (request, response, modules) {
  modules.logger.info('warm');
  modules.utils.tempObjectStore.set('a', 1);
  modules.backendContext.getAppKey();
  modules.utils.kinveyEntity({});
  modules.utils.renderTemplate('{{a}}', { a: 1 });
  modules.moment().utc().add(1, 'day').format();
  modules.lodash.map([1], 'a');
  Buffer.from('a').toString('base64');
  const books = modules.collectionAccess.collection('books');
  // ICU looks for the machine's time zone and locale once; afterwards children need no file.
  new Date(0).toLocaleString('en-US');
  'a'.localeCompare('b');
  new Intl.NumberFormat('en-US').format(1.5);
  JSON.stringify({ a: [1, 'x', null, new Date(0)], when: new Date() });
  /(\d+)-(?<m>\w+)/.exec('12-ab');
  setTimeout(async function () {
    await db.findOne({ a: 1 });
    await db.insert({ a: 1 });
    await books.findOneAsync({ a: 1 });
    modules.async.waterfall([function (next) { books.find({ a: 1 }, next); }], function (error, docs) {
      response.body = { docs: docs, list: [3, 1, 2].sort().map((n) => n * 2) };
      response.headers['x-warm'] = 'yes';
      response.complete(200);
    });
  }, 0);
};
