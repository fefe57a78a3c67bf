function onRequest(request, response, modules) {
  var books = modules.collectionAccess.collection('books'), body = response.body;
  var map = function () { emit(this.kind, { count: 1 * factor, ids: [this._id] }); };
  var reduce = function (key, values) {
    var out = { count: 0, ids: [] };
    values.forEach(function (value) { out.count += value.count; out.ids = out.ids.concat(value.ids); });
    return out;
  };
  var options = { scope: { factor: 2 }, out: { inline: 1 }, query: { kind: 'ignored' }, finalize: function () { return 0; } };
  books.mapReduce(map, reduce, options, function (error, results) {
    body.results = results.map(function (result) { return [result._id, result.value.count, result.value.ids.length]; });
    body.globals = [typeof emit, typeof factor];
    books.mapReduce('function () { emit(1, this.n); }', 'function (k, v) { return v.length; }', { sort: { n: -1 }, limit: 3 },
      function (error, results) {
        body.limited = results;
        modules.collectionAccess.collection('none').mapReduce(map, reduce, {}, function (error) {
          body.missing = [error.code, error.message];
          books.mapReduce(function () { nowhere(); }, reduce, {}, function (error) {
            body.thrown = [error.code, error.message];
            books.mapReduce(7, reduce, {}, function (error) {
              body.wrong = error.code;
              response.complete();
            });
          });
        });
      });
  });
}
