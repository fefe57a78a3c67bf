// attack: internals: uses V8's own native syntax
// expect: hook_threw
// debug: SyntaxError
function onRequest() {
  new Function('return %DebugPrint(1)')();
}
