// attack: reentry: makes the hook a generator, of which nobody asks a step
// expect: hook_never_completed
// debug: ended without a terminal call
function* onRequest(request, response) { response.complete(); }
