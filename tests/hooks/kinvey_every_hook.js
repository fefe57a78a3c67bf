function onPreSave(request, response, modules) { tell('onPreSave', request, response, modules, arguments.length); }
function onPreInsert(request, response, modules) { tell('onPreInsert', request, response, modules, arguments.length); }
function onPreUpdate(request, response, modules) { tell('onPreUpdate', request, response, modules, arguments.length); }
function onPreFetch(request, response, modules) { tell('onPreFetch', request, response, modules, arguments.length); }
function onPreDelete(request, response, modules) { tell('onPreDelete', request, response, modules, arguments.length); }
function onPreLogin(request, response, modules) { tell('onPreLogin', request, response, modules, arguments.length); }
function onPostSave(request, response, modules) { tell('onPostSave', request, response, modules, arguments.length); }
function onPostInsert(request, response, modules) { tell('onPostInsert', request, response, modules, arguments.length); }
function onPostUpdate(request, response, modules) { tell('onPostUpdate', request, response, modules, arguments.length); }
function onPostFetch(request, response, modules) { tell('onPostFetch', request, response, modules, arguments.length); }
function onPostDelete(request, response, modules) { tell('onPostDelete', request, response, modules, arguments.length); }
function onLoginSuccess(request, response, modules) { tell('onLoginSuccess', request, response, modules, arguments.length); }
function onLoginFailure(request, response, modules) { tell('onLoginFailure', request, response, modules, arguments.length); }
function onRequest(request, response, modules) { tell('onRequest', request, response, modules, arguments.length); }

function tell(name, request, response, modules, count) {
  response.body = {
    name: name,
    count: count,
    collection: request.collectionName,
    modules: typeof modules.logger.info + typeof modules.collectionAccess.collection,
  };
  response.continue();
}
