// attack: limits: fails with a text of fifty megabytes
// expect: hook_error
// debug: [cut
function onRequest(request, response) { response.error('x'.repeat(5e7)); }
