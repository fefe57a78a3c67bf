// attack: reentry: completes inside the host's lookup of the hook function
// expect: completed
// body: {"first":"lookup"}
Object.setPrototypeOf(globalThis, new Proxy({}, {
  has(target, name) { if (name === 'onRequest') complete(null, { first: 'lookup' }); return false; },
}));
setTimeout(() => complete(null, { first: 'timer' }), 0);
