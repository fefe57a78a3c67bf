// attack: reduction: maps a document for ever
// expect: hook_timeout
// debug: wall limit of 2000 ms
// limit: timeout_ms=2000
function onRequest(request, response, modules) {
  const things = modules.collectionAccess.collection('map_without_end');
  things.insert({ n: 1 }, function () {
    things.mapReduce(function () { for (;;); }, function () { return 1; }, {}, function () { response.complete(); });
  });
}
