// attack: parser: a class of fifty thousand private names
// expect: completed
// body: {"made":"function"}
function onRequest(request, response) {
  const names = Array.from({ length: 5e4 }, (_, i) => `#a${i}=1`).join(';');
  response.body = { made: typeof eval(`(class { ${names} })`) };
  response.complete();
}
