// attack: parser: makes a function of a hundred thousand parameters at run time
// expect: hook_threw
// debug: SyntaxError: Too many parameters
function onRequest() { return Function(Array.from({ length: 1e5 }, (_, i) => 'a' + i).join(), ''); }
