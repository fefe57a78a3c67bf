// Does not compile; the report says where.
function onPreSave(request, response {
  response.complete();
}
