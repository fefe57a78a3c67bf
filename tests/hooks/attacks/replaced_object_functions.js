// attack: intrinsics: replaces every function of Object and Reflect
// expect: completed
// body: {"worked":["Emma",201]}
function onRequest(request, response) {
  const broken = () => { throw new Error('replaced'); };
  const names = Reflect.ownKeys;
  const isFunction = (value) => typeof value === 'function';
  for (const owner of [Object, Reflect]) {
    for (const name of names(owner)) if (isFunction(owner[name])) owner[name] = broken;
  }
  db.insert('replaced_object_functions', { title: 'Emma' }, function (error, stored) {
    response.headers = { 'x-a': 'b' };
    response.body = { worked: [stored.title, 201] };
    response.complete(201);
  });
}
