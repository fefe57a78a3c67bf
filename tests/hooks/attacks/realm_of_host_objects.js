// attack: identity: compares prototypes of host objects with its own realm's
// expect: completed
// body: {"foreign":[]}
async function onRequest(request, response, modules) {
  const foreign = [];
  const check = (name, object, proto) => { if (Object.getPrototypeOf(object) !== proto) foreign.push(name); };
  check('request', request, Object.prototype);
  check('headers', request.headers, Object.prototype);
  check('modules', modules, Object.prototype);
  check('find', await db.find('realm_of_host_objects'), Array.prototype);
  check('handle', db.collection('x'), Object.prototype);
  check('log', console.log, Function.prototype);
  try { await db.find('x', { $where: '1' }); } catch (error) { check('error', error, Error.prototype); }
  try { setTimeout('code'); } catch (error) { check('type error', error, TypeError.prototype); }
  response.body = { foreign };
  response.complete();
}
