// Never gives the processor back.
function onRequest(request, response, modules) {
  while (true) {}
}
