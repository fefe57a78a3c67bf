// Carries out `body.steps`, each [collection, method, arguments], one after the other. The steps and
// what they must come to stand in the test.
function onRequest(request, response, modules) {
  var told = [];
  (function next(index) {
    if (index === request.body.steps.length) {
      response.body = told;
      return response.complete();
    }
    var step = request.body.steps[index], access = modules.collectionAccess;
    var target = step[0] === null ? access : access.collection(step[0]);
    target[step[1]].apply(undefined, step[2].concat(function (error, result) {
      told.push(error ? { error: error.code, shown: JSON.parse(JSON.stringify(error)), is: error instanceof Error } : result);
      next(index + 1);
    }));
  })(0);
}
