function onRequest(request, response, modules) {
  var moment = modules.moment, async = modules.async, promises = modules.bluebird, _ = modules.lodash;
  var body = response.body;
  var when = moment('2014-02-26T19:45:22.211Z').utc();
  body.subtract = moment(when).subtract('days', 3).set('hour', 0).toJSON();
  body.format = when.format('YYYY-MM-DD');
  body.toLower = _.toLower('ABC');
  body.chain = _(['b', 'a']).sortBy().map(_.toUpper).value();
  body.buffer = [
    new Buffer('héllo').toString('base64'), Buffer.from('aGk=', 'base64').toString(), new Buffer([1, 2]).length,
    Buffer.concat([Buffer('a'), Buffer.alloc(1)]).toString('hex'),
  ];
  async.waterfall([
    function (next) { next(null, 1); },
    function (one, next) { setTimeout(function () { next(null, one, 2); }, 1); },
  ], function (error, one, two) {
    body.waterfall = [error, one, two];
    async.parallel({ a: async.apply(add, 1, 2), b: function (done) { done(null, 'b'); } }, function (error, results) {
      body.parallel = results;
      var seen = [];
      async.each([3, 4], function (item, done) { seen.push(item); done(); }, function (error) {
        body.each = [error, seen];
        promises.all([promises.resolve(1), promises.delay(1).then(function () { return 2; })])
          .spread(function (a, b) { return promises.map([a, b], function (n) { return n * 10; }); })
          .then(function (all) {
            body.all = all;
            return promises.promisify(add)(4, 5);
          })
          .then(function (nine) {
            body.promisified = nine;
            throw new TypeError('told');
          })
          .catch(TypeError, function (error) { body.caught = error.message; })
          .finally(function () { response.complete(); });
      });
    });
  });
}

function add(a, b, callback) { callback(null, a + b); }
