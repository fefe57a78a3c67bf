// attack: pollution: puts setters on the indices of Array.prototype, where the host writes arguments
// expect: completed
// body: {"stored":"Emma","caught":0}
function onRequest(request, response, modules) {
  let caught = 0;
  for (const index of ['0', '1', '2']) {
    Object.defineProperty(Array.prototype, index, { set() { caught++; }, get() { return undefined; }, configurable: true });
  }
  db.insert('array_index_setters', { title: 'Emma' }, function (error, stored) {
    for (const index of ['0', '1', '2']) delete Array.prototype[index];
    response.body = { stored: stored ? stored.title : String(error), caught };
    response.complete();
  });
}
