// attack: reentry: never returns from the host's lookup of the hook function
// expect: hook_timeout
// debug: wall limit of 400 ms
// limit: timeout_ms=400
Object.setPrototypeOf(globalThis, new Proxy({}, { has(target, name) { while (name === 'onRequest'); return false; } }));
