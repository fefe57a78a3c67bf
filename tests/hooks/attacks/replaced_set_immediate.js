// attack: intrinsics: takes setImmediate away, which the logger's callback needs
// expect: completed
// body: {"worked":["called",1]}
function onRequest(request, response, modules) {
  let hijacked = 0;
  globalThis.setImmediate = globalThis.setTimeout = () => { hijacked++; };
  modules.logger.info('line', function () {
    response.body = { worked: ['called', 1 - hijacked] };
    response.complete();
  });
}
