// attack: stack: asks for endless stacks to make errors dear
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() {
  Error.stackTraceLimit = Infinity;
  (function dive() { dive(); })();
}
