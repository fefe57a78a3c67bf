// Shows what a hook finds in its request and its response.
function onPreFetch(request, response) { show(request, response); }
function onPostFetch(request, response) { show(request, response); }
function onPreSave(request, response) { show(request, response); }
function onRequest(request, response) { show(request, response); }

function show(request, response) {
  response.body = { request: JSON.parse(JSON.stringify(request)), response: JSON.parse(JSON.stringify(response)) };
  response.complete();
}
