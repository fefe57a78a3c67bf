// attack: intrinsics: replaces call, apply, bind and Symbol.hasInstance of functions
// expect: completed
// body: {"worked":[1,"late"]}
function onRequest(request, response, modules) {
  const broken = () => { throw new Error('replaced'); };
  Function.prototype.call = Function.prototype.apply = Function.prototype.bind = Function.prototype.toString = broken;
  Reflect.apply = Reflect.construct = broken;
  modules.collectionAccess.collection('replaced_function_methods').insert({}, function (error, stored) {
    setTimeout(function (text) {
      modules.logger.info({ text });
      response.body = { worked: [stored.length, text] };
      response.complete();
    }, 1, 'late');
  });
}
