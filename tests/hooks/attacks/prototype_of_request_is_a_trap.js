// attack: pollution: gives request a prototype that throws, which its serialisation meets
// expect: hook_threw
// debug: request cannot be serialised: Error: trapped
function onRequest(request, response, modules) {
  const hostile = new Proxy({}, { get() { throw new Error('trapped'); } });
  Object.setPrototypeOf(request, hostile);
  response.complete();
}
