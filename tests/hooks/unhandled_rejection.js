async function load(id) {
  throw new RangeError('no book ' + id);
}

function onRequest() {
  load(7);
  setTimeout(function () {}, 60000);
}
