// attack: stack: catches the host's lookup of the hook function by a Proxy behind the global object
// expect: completed
// body: {"leaks":[]}
var stacks = [];
Object.setPrototypeOf(globalThis, new Proxy({}, {
  has(target, name) { if (name === 'onRequest') stacks.push(new Error('x').stack); return false; },
}));
setTimeout(() => complete(null, { leaks: stacks.filter((stack) => stack.includes('lode:')).map(() => 'frame') }), 0);
