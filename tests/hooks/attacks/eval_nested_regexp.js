// attack: parser: compiles a pattern of a hundred thousand groups
// expect: hook_threw
// debug: SyntaxError: Invalid regular expression
function onRequest() { return new RegExp('('.repeat(1e5) + ')'.repeat(1e5)); }
