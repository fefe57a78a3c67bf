// attack: reentry: defines the hook function by a getter that never returns
// expect: hook_timeout
// debug: wall limit of 400 ms
// limit: timeout_ms=400
Object.defineProperty(globalThis, 'onRequest', { get() { for (;;) {} }, configurable: true });
