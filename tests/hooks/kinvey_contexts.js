function onPreSave(request, response, modules) {
  var context = modules.requestContext, version = context.clientAppVersion, set = context.setCustomRequestProperty;
  request.body = [
    context.getAuthenticatedUsername(), context.getAuthenticatedUserId(), version.stringValue(), version.majorVersion(),
    version.minorVersion(), String(version.patchVersion()), context.getCustomRequestProperty('from'), set('to', { a: 1 }),
    Object.keys(context.getCustomRequestProperties()), Object.keys(context).indexOf('getCustomRequestProperties'),
    modules.backendContext.getAppKey(), modules.backendContext.getSecurityContext(),
  ];
  context.getCustomRequestProperties().direct = true;
  modules.utils.tempObjectStore.set('k', 'v');
  response.continue();
}

function onPostSave(request, response, modules) {
  var context = modules.requestContext;
  response.body = [context.getCustomRequestProperties(), modules.utils.tempObjectStore.get('k'),
    context.clientAppVersion.stringValue(), String(context.clientAppVersion.majorVersion())];
  response.continue();
}
