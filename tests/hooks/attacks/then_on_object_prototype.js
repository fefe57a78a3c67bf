// attack: thenable: makes every object a thenable and looks at what the host resolves
// expect: completed
// body: {"stored":"Emma","leaks":[]}
function onRequest(request, response) {
  const leaks = [];
  Object.defineProperty(Object.prototype, 'then', {
    value() { for (const name of ['resolve', 'convert', 'callback', 'method']) if (name in this) leaks.push(name); },
    writable: true, configurable: true,
  });
  db.insert('then_on_object_prototype', { title: 'Emma' });
  db.find('then_on_object_prototype', {}, function (error, found) {
    delete Object.prototype.then;
    response.body = { stored: found[0].title, leaks };
    response.complete();
  });
}
