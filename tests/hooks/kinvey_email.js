function onRequest(request, response, modules) {
  var email = modules.email, send = email.send, told = [];
  send('f', 't', 's', '');
  send('f', 't', 's', 'b', 'r', '<b>', 'cc', 'bcc');
  send('f', 't', 's', 'b', function (error, result) {
    told.push(error, result);
    send('f', 't', 's', 'b', 'r', function () {
      send('f', 't', 's', 'b', 'r', '<b>', function () {
        send('f', 't', 's', 'b', 'r', '<b>', 'cc', 'bcc', function (error) {
          told.push(error);
          try { send('f', 't', null, 'b'); } catch (error) { told.push(error.message); }
          response.body = told;
          response.complete();
        });
      });
    });
  });
}
