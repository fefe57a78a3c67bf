// attack: reentry: makes the hook a class
// expect: hook_threw
// debug: Class constructor onRequest cannot be invoked without 'new'
var onRequest = class onRequest { constructor(request, response) { response.complete(); } };
