// attack: realm: looks for another global object by every way to evaluate
// expect: completed
// body: {"others":0}
function onRequest(request, response) {
  const globals = [
    (0, eval)('this'), new Function('return this')(), (function () { return this; })(), [].constructor.constructor('return this')(),
    Reflect.construct(Function, ['return this'], Array)(), (() => {}).constructor('return this')(), setTimeout.constructor('return this')(),
    Object.getOwnPropertyDescriptor(Map.prototype, 'size').get.constructor('return this')(),
  ];
  response.body = { others: globals.filter((global) => global !== globalThis).length };
  response.complete();
}
