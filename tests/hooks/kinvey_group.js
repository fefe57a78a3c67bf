function onRequest(request, response, modules) {
  var books = modules.collectionAccess.collection('books'), body = response.body;
  var reduce = function (doc, out) { out.count++; out.sum += doc.n; };
  books.group(['kind'], { n: { $gt: -1 } }, { count: 0, sum: 0 }, reduce, function (error, results) {
    body.byName = results;
    books.group({ kind: true, n: false }, {}, { count: 0, sum: 0 }, reduce.toString(), true, function (error, results) {
      body.byObject = results.length;
      books.group(function (doc) { return { odd: doc.n % 2 === 1 }; }, {}, { count: 0, sum: 0 }, reduce, function (error, results) {
        body.byFunction = results;
        books.group([], {}, { count: 0, sum: 0 }, reduce, null, true, {}, function (error, results) {
          body.all = results;
          response.complete();
        });
      });
    });
  });
}
