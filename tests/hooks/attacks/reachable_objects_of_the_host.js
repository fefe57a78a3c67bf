// attack: constructors: walks everything that can be reached and looks for the bridge
// expect: completed
// body: {"bridge":[],"foreign":0}
function onRequest(request, response, modules) {
  const secret = ['unserialisable', 'jsonParse', 'ErrorCtor', 'callNow', 'begin', 'startTimer', 'requestHeaders', 'reply'];
  const seen = new Set(), open = [request, response, modules, db, console, complete, setTimeout, onRequest];
  const bridge = [];
  let foreign = 0;
  while (open.length > 0) {
    const object = open.pop();
    if (object === null || (typeof object !== 'object' && typeof object !== 'function') || seen.has(object)) continue;
    seen.add(object);
    if (typeof object === 'function' && !(object instanceof Function) && object !== Function.prototype) foreign++;
    for (const key of Reflect.ownKeys(object)) {
      if (secret.includes(key)) bridge.push(key);
      const now = Reflect.getOwnPropertyDescriptor(object, key);
      open.push(now.value, now.get, now.set);
    }
    open.push(Reflect.getPrototypeOf(object));
  }
  response.body = { bridge, foreign };
  response.complete();
}
