// attack: reentry: answers the host's lookup of the hook function with a function of its own, then with none
// expect: completed
// body: {"args":3}
let turn = 0;
Object.setPrototypeOf(globalThis, new Proxy({}, {
  has(target, name) { return name === 'onRequest'; },
  get(target, name) {
    if (name !== 'onRequest') return undefined;
    return turn++ === 0 ? function () {} : function (...args) { complete(null, { args: args.length }); };
  },
}));
