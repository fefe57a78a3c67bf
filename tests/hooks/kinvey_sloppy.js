function onPreSave(request, response, modules) {
  counter = 1;
  init = function () { counter += helper(); };
  init();
  with ({ inside: 2 }) counter += inside;
  request.body.counter = counter;
  delete request.body.secret;
  return response
  .continue();
}

function helper() { return late; }
var late = 10;
