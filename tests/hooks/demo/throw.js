// A bug of the common kind, in a callback: the collection is empty, so there is no first review.
function onPreSave(request, response, modules) {
  var reviews = modules.collectionAccess.collection('reviews');
  reviews.find({}, function (error, found) {
    request.body.better = request.body.stars > found[0].stars;
    response.continue();
  });
}
