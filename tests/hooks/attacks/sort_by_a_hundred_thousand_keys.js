// attack: query: sorts and projects by a hundred thousand fields
// expect: completed
// body: {"sort":"BadQuery","group":1}
function onRequest(request, response, modules) {
  const things = modules.collectionAccess.collection('sort_by_many'), many = {};
  for (let n = 0; n < 100000; n++) many['f' + n] = 1;
  things.insert({ n: 1 }, function () {
    things.find({}, { sort: many }, function (error) {
      things.group(many, {}, { n: 0 }, function (doc, out) { out.n++; }, function (failed, groups) {
        response.body = { sort: error.code, group: groups[0].n };
        response.complete();
      });
    });
  });
}
