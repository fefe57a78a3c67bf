// Each way to end is a function of its own; body.way names one.
function onRequest(request, response, modules) { ways[request.body.way](request, response, modules); }

var ways = {
  debugOnABodyThatIsNotThere: function (request, response) { response.body.debug = 'set'; response.complete(400, { ignored: 1 }); },
  continueOnTheNextLine: function (request, response) { return response .continue(); },
  errorWithAnError: function (request, response) { response.error(new RangeError('no')); },
  errorWithANumber: function (request, response) { response.error(500); },
  completeThenContinueLater: function (request, response) {
    setTimeout(function () { response.body = 'late'; response.continue(); }, 0);
    response.body = 'first';
    response.complete(400);
  },
  continueBeforeTheCallback: function (request, response, modules) {
    modules.collectionAccess.collection('books').findOne({}, function () { request.body.late = true; response.continue(); });
    response.continue();
  },
  implicitGlobals: function (request, response) {
    resultA = [1];
    later = function () { return hoisted() + resultA.length; };
    response.body = later();
    response.complete();
    function hoisted() { return typeof undeclared; }
  },
  queryTextGoesToFind: function (request, response, modules) {
    modules.collectionAccess.collection('books').find(request.params.query, function (error, found) {
      response.body = [typeof request.params.query, found];
      response.complete();
    });
  },
  bodyMayBeAText: function (request, response) { response.body = 'text'; response.complete(); },
};
