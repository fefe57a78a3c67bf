// Functions for the database were sent as text: they see a scope, not the variables around them.
function onRequest(request, response, modules) {
  var books = modules.collectionAccess.collection('books'), body = response.body, factor = 10, own = 2;
  var reduce = function (key, values) { return values.length * factor; };
  books.mapReduce(function () { emit(this.kind, factor); }, reduce, { scope: { factor: 3 }, limit: 1 }, function (error, scoped) {
    body.scoped = scoped;
    books.mapReduce(function () { emit(this.kind, own); }, reduce, { limit: 1 }, function (error, closed) {
      body.closed = closed;
      books.mapReduce({ map() { emit(this.kind, own); } }.map, reduce, { scope: { factor: 3 }, limit: 1 }, function (error, method) {
        body.method = method;
        books.group([], {}, { count: 0 }, function (doc, out) { out.count++; }, function (out) { out.count = -1; }, true, function (error, all) {
          body.group = all;
          response.complete();
        });
      });
    });
  });
}
