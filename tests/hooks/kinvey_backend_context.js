function onRequest(request, response, modules) {
  var context = modules.backendContext, key = context.getAppKey;
  response.body = [
    key(), context.getAppSecret(), context.getMasterSecret(), context.getSecurityContext(),
    context.getAuthenticatedUsername(),
  ];
  response.complete();
}
