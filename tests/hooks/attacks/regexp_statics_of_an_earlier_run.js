// attack: previous_job: reads the legacy statics of RegExp for texts that others matched
// expect: completed
// body: {"left":[]}
function onRequest(request, response) {
  const left = ['input', 'lastMatch', 'lastParen', 'leftContext', 'rightContext', '$1', '$2', '$9'];
  response.body = { left: left.filter((name) => RegExp[name] !== '') };
  response.complete();
}
