// What is near: once by the operation, once by the query that clients use themselves.
function onRequest(request, response, modules)
{
  var here = request.body.here, places = modules.collectionAccess.collection('places');
  var near = { $nearSphere: here, $maxDistance: request.body.miles / 3963.192 };
  function names(list) { return modules.lodash.pluck(list, 'name'); }

  places.geoNear(here[0], here[1], { limit: 2, query: { open: true } }, function(e, nearest)
  {
    if (e) { response.error(e); return; }
    places.find({ _geoloc: near, kind: /^caf/i }, { limit: 10 }, function(e, cafes)
    {
      if (e) { response.error(e); return; }
      places.find({ _geoloc: { $within: { $box: [[-72, 42], [-71, 43]] } } }, { sort: 'name' }, function(e, boxed)
      {
        if (e) { response.error(e); return; }
        response.body = { nearest: names(nearest), cafes: names(cafes), boxed: names(boxed) };
        response.complete(200);
      });
    });
  });
}
