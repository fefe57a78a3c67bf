function onRequest(request, response, modules) {
  var http = modules.request, told = [];
  function next(then) { return function (error, answer, body) { told.push([error && error.message, answer && answer.status, body]); then(); }; }
  http.get({ url: 'https://u:p%40@a.example/x', qs: { a: 1 } }, next(function () {
    http.post({ uri: 'https://a.example/', json: { n: 1 }, auth: { user: 'me', pass: 'it' } }, next(function () {
      http.put('https://a.example/', { form: { a: 'b c' } }, next(function () {
        http.postForm({ url: 'https://a.example/' }, [{ key: 'k', value: 'v&' }], next(function () {
          http.del({ url: 'https://a.example/', multipart: [{ body: 'x' }] }, next(function () {
            http({ url: 'https://a.example/', encoding: null }, function (error, answer, body) {
              told.push([Buffer.isBuffer(body), body.toString('hex')]);
              http.getAsync('https://a.example/').then(function (answer) {
                told.push([answer.statusCode, answer.body, typeof http.postFormAsync]);
                return http.getAsync({ uri: 7 });
              }).catch(function (error) {
                told.push(error.message);
                response.body = told;
                response.complete();
              });
            });
          }));
        }));
      }));
    }));
  }));
}
