// attack: previous_job: leaves a mark on every shared object and looks for such a mark
// expect: completed
// body: {"marks":[]}
function onRequest(request, response, modules) {
  const owners = { Object: Object.prototype, Array: Array.prototype, Function: Function.prototype, globalThis, console, JSON, Math, db, find: db.find };
  const marks = Object.keys(owners).filter((name) => 'mark_of_two_hooks' in owners[name]);
  for (const owner of Object.values(owners)) owner.mark_of_two_hooks = 1;
  delete Object.prototype.mark_of_two_hooks;
  if (Symbol.keyFor(Symbol.for('mark')) !== 'mark') marks.push('registry');
  response.body = { marks };
  response.complete();
}
