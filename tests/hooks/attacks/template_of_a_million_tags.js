// attack: libraries: renders a template that is open a hundred thousand times
// expect: hook_threw
// debug: Error: Unclosed section "a"
function onRequest(request, response, modules) {
  modules.utils.renderTemplate('{{#a}}'.repeat(100000), { a: 1 });
}
