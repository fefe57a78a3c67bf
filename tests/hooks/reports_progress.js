// Says three times how far it is, each in another way, then completes.
function onRequest(request, response, modules) {
  progress(1);
  modules.progress({ done: 'half' }, function (error) {
    if (error) return response.error(error);
    modules.progress(null);
    response.complete();
  });
}
