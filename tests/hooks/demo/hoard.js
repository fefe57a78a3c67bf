// Keeps everything that it makes, in arrays that V8 fills quickly.
function onRequest(request, response, modules) {
  var hoard = [];
  while (true) hoard.push(new Array(100000).fill(hoard.length));
}
