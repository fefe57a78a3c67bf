// attack: realm: replaces the terminal calls by its own and completes through the old ones
// expect: completed
// body: {"own":0}
function onRequest(request, response) {
  let own = 0;
  const { complete: done } = response;
  response.complete = response.error = response.continue = globalThis.complete = () => { own++; };
  setTimeout(() => { response.body = { own }; done.call({ body: 'forged' }, 200); }, 0);
}
