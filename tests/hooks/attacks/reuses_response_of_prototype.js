// attack: realm: makes objects that inherit from response and completes through them
// expect: completed
// body: {"real":true}
function onRequest(request, response) {
  const fake = Object.create(response, { body: { value: 'forged', enumerable: true }, headers: { value: { 'x-a': 'b' } } });
  response.body = { real: true };
  fake.complete(200);
}
