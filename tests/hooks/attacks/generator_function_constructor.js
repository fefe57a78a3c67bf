// attack: constructors: reaches GeneratorFunction and AsyncGeneratorFunction
// expect: completed
// body: {"values":["undefined","undefined"],"global":true}
function onRequest(request, response) {
  const Generator = (function* () {}).constructor;
  const AsyncGenerator = (async function* () {}).constructor;
  const values = [...Generator('yield typeof process; yield typeof require;')()];
  AsyncGenerator('yield this')().next().then((step) => {
    response.body = { values, global: step.value === globalThis };
    response.complete();
  });
}
