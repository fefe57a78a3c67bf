/** 8d6c7d20-1894-11e2-892e-0800200c9a66  onPreFetch  8d6c7d20-1894-11e2-892e-0800200c9a66 **/
function onPreFetch(request, response, modules) {
  limit = helper();
  request.params.limit = limit;
  response.continue();
}
function helper() { return 1; }
/** 8d6c7d20-1894-11e2-892e-0800200c9a66  end  8d6c7d20-1894-11e2-892e-0800200c9a66 **/

/** 8d6c7d20-1894-11e2-892e-0800200c9a66  onPreSave  8d6c7d20-1894-11e2-892e-0800200c9a66 **/
function onPreSave(request, response, modules) {
  request.body.text = helper(request.body.text);
  response.continue();
}
function helper(text) { return text.trim(); }
/** 8d6c7d20-1894-11e2-892e-0800200c9a66  end  8d6c7d20-1894-11e2-892e-0800200c9a66 **/

/** 8d6c7d20-1894-11e2-892e-0800200c9a66  onPostFetch  8d6c7d20-1894-11e2-892e-0800200c9a66 **/
function onPostFetch(request, response, modules) {
  response.body = helper(response.body);
  response.continue();
}
function helper(notes) { return notes.map(function (note) { return note.text; }); }
/** 8d6c7d20-1894-11e2-892e-0800200c9a66  end  8d6c7d20-1894-11e2-892e-0800200c9a66 **/
