// attack: recursion: sends a body nested a hundred thousand deep
// expect: hook_threw
// debug: response.body cannot be serialised: RangeError: Maximum call stack size exceeded
function onRequest(request, response) {
  let body = { a: 1 };
  for (let i = 0; i < 1e5; i++) body = { get a() { return JSON.stringify(this.b); }, b: body };
  response.body = body;
  response.complete();
}
