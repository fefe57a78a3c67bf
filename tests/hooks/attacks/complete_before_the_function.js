// attack: reentry: completes while the script is evaluated, before the hook function is called
// expect: completed
// body: {"first":"script"}
complete(null, { first: 'script' });
function onRequest() { complete(null, { first: 'function' }); }
