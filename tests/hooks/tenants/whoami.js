// Everything that a script can learn about who asks.
function onRequest(request, response, modules) {
  var backend = modules.backendContext, context = modules.requestContext, base64 = modules.utils.base64;
  var header = request.headers.authorization || '';
  var parts = header.indexOf('Basic ') === 0 ? new Buffer(header.slice(6), 'base64').toString().split(':') : [];
  var basic = 'Basic ' + base64.encode(backend.getAppKey() + ':' + backend.getMasterSecret());
  var version = context.clientAppVersion;
  response.body = {
    user: [request.username, request.userId, backend.getAuthenticatedUsername(), context.getAuthenticatedUserId()],
    credentials: parts,
    security: backend.getSecurityContext(),
    keys: [backend.getAppKey(), backend.getAppSecret(), base64.decode(basic.split(' ')[1])],
    host: 'https://' + request.headers.host + '/rpc/' + backend.getAppKey(),
    version: [version.stringValue(), version.majorVersion(), version.minorVersion()],
    property: context.getCustomRequestProperty('colour'),
    name: request.collectionName
  };
  response.continue();
}
