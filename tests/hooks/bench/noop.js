// The least that a hook can do.
function onPreSave(request, response, modules) {
  response.complete(200);
}
