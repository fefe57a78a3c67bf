// attack: proxy: throws a Proxy around an error, with every trap endless
// expect: hook_threw
// debug: Error: x
function onRequest() {
  const endless = () => { for (;;) {} };
  throw new Proxy(new Error('x'), { get: endless, getPrototypeOf: endless, has: endless, ownKeys: endless, getOwnPropertyDescriptor: endless });
}
