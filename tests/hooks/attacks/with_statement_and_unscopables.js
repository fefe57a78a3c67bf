// attack: realm: puts the API into a with statement whose scope is a Proxy
// expect: completed
// body: {"asked":true,"count":0}
function onRequest(request, response) {
  const asked = [];
  const scope = new Proxy({ [Symbol.unscopables]: { db: true } }, { has(target, name) { asked.push(name); return false; } });
  with (scope) {
    db.count('with_statement', {}, function (error, count) {
      response.body = { asked: asked.includes('db') && !asked.includes('host'), count };
      response.complete();
    });
  }
}
