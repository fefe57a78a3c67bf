// attack: libraries: renders a small template that stands for a thousand million sections
// expect: hook_timeout
// debug: wall limit of 400 ms
// limit: timeout_ms=400
function onRequest(request, response, modules) {
  const a = Array(1000).fill({});
  modules.utils.renderTemplate('{{#a}}{{#a}}{{#a}}{{/a}}{{/a}}{{/a}}', { a });
}
