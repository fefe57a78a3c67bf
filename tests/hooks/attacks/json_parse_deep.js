// attack: parser: parses a million brackets as JSON and sends them
// expect: hook_violation
// debug: nested deeper than 100 levels
function onRequest(request, response) {
  response.body = JSON.parse('['.repeat(1e5) + ']'.repeat(1e5));
  response.complete();
}
