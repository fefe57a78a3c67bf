// Asks for far more than it may hold, and never lets a reply in.
function onRequest(request, response, modules) {
  const big = modules.collectionAccess.collection('big');
  for (let i = 0; i < 900; i++) big.find({}, function () {});
  while (true) {}
}
