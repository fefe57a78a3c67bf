// A message of 2013 to a service that wants OAuth 1.0a; key, secret and result are from that service's own guide.
function onRequest(request, response, modules) {
  var oauth = {
    consumer_key: 'xvz1evFS4wEEPTGEFPHBog', consumer_secret: 'kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw',
    token: '370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb', token_secret: 'LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE',
    nonce: 'kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg', timestamp: '1318622958'
  };
  var status = 'Hello Ladies + Gentlemen, a signed OAuth request!';
  modules.request.post({
    url: 'https://API.twitter.com:443/1/statuses/update.json?include_entities=true', oauth: oauth, form: { status: status }
  }, function (error, answer, body) {
    var first = error ? error.message : JSON.parse(body).headers;
    modules.request.get({ url: 'https://a.example/', oauth: { consumer_key: 'k', consumer_secret: 's', signature_method: 'RSA-SHA1' } }, function (error) {
      response.body = [first, error.message];
      response.complete();
    });
  });
}
