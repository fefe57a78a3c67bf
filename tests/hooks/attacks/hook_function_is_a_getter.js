// attack: reentry: defines the hook function by a getter that completes
// expect: completed
// body: {"first":"getter"}
Object.defineProperty(globalThis, 'onRequest', { get() { complete(null, { first: 'getter' }); return () => {}; }, configurable: true });
