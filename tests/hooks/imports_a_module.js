function onRequest(request, response) {
  import('node:fs').then(
    function () { response.body = 'imported'; response.complete(); },
    function (error) { response.error(error); },
  );
}
