// attack: libraries: makes code in a template of lodash, which is code of the hook like any other
// expect: completed
// body: {"same":"true","host":"undefined,undefined,undefined"}
function onRequest(request, response, modules) {
  const _ = modules.lodash;
  const same = _.template('<%= constructor.constructor("return this")() === g %>')({ g: globalThis });
  const host = _.template('<%= [typeof require, typeof process, typeof Deno] %>')();
  response.body = { same, host };
  response.complete();
}
