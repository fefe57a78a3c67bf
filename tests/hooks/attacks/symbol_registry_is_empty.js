// attack: previous_job: looks for own symbols on intrinsics and on the API
// expect: completed
// body: {"symbols":[]}
function onRequest(request, response, modules) {
  const owners = [request, response, modules, db, console, complete, globalThis, setTimeout];
  const symbols = owners.flatMap((owner) => Object.getOwnPropertySymbols(owner)).filter((symbol) => symbol !== Symbol.toStringTag);
  response.body = { symbols: symbols.map(String) };
  response.complete();
}
