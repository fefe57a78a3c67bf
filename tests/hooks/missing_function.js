function onPreSave(request, response) {
  response.continue();
}
