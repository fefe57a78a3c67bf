// attack: internals: a script in V8's own native syntax
// expect: hook_syntax
// debug: SyntaxError
function onRequest() { return %GetOptimizationStatus(onRequest); }
