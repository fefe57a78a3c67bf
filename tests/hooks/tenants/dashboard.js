// Many questions at once: by async, by bluebird, and by a waterfall.
function onRequest(request, response, modules) {
  var c = modules.collectionAccess.collection, async = modules.async, Promise = modules.bluebird;
  var started = {}, names = request.body.collections;

  async.parallel(names.reduce(function (tasks, name) {
    tasks[name] = function (cb) { c(name).count({}, cb); };
    return tasks;
  }, started), function (err, counts) {
    if (err) return response.error(err);
    Promise.all([c('a').findAsync({}, { sort: { n: 1 } }), c('b').findOneAsync({ n: 2 }), c('b').findOneAsync({ n: 99 })])
      .spread(function (all, two, none) {
        return { all: all.map(function (doc) { return doc.n; }), two: two && two.n, none: !none };
      })
      .then(function (found) {
        async.waterfall([
          async.apply(c('a').findOne, { n: { $gt: 1 } }),
          function (doc, next) { c('a').save(modules.lodash.extend(doc, { seen: true }), next); },
          function (doc, next) { c('a').update({ n: 77 }, { $inc: { n: 1 } }, { upsert: true }, function (err, count) { next(err, doc, count); }); }
        ], function (err, doc, count) {
          found.counts = counts; found.seen = doc.seen; found.upserted = count;
          response.body = found;
          response.complete();
        });
      })
      .catch(function (err) { response.error(err); });
  });
}
