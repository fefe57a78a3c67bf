// attack: coercion: logs values whose every conversion throws
// expect: completed
// body: {"alive":true}
function onRequest(request, response, modules) {
  const trap = () => { throw new Error('trap'); };
  const hostile = { toString: trap, valueOf: trap, toJSON: trap, [Symbol.toPrimitive]: trap, get constructor() { return trap(); } };
  const proxy = new Proxy({}, { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap });
  const error = Object.defineProperty(new Error('x'), 'name', { get: trap });
  const circle = {};
  circle.circle = circle;
  for (const value of [hostile, proxy, error, circle, Symbol('s'), 1n, { big: 1n }, null, undefined, NaN, -0, () => {}, class {}, Object.create(null)]) {
    console.log(value, value);
    modules.logger.fatal(value);
  }
  const { revoke, proxy: revoked } = Proxy.revocable({}, {});
  revoke();
  console.error(revoked);
  response.body = { alive: true };
  response.complete();
}
