// attack: reduction: emits values until the memory is full
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest(request, response, modules) {
  const things = modules.collectionAccess.collection('emits_without_end');
  things.insert({ n: 1 }, function () {
    things.mapReduce(function () { for (let n = 0; ; n++) emit(n, { n }); }, function () { return 1; }, {}, function () { response.complete(); });
  });
}
