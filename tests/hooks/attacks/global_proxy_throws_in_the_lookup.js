// attack: reentry: throws from the host's lookup of the hook function, which then is not there
// expect: hook_threw
// debug: onRequest is not defined
Object.setPrototypeOf(globalThis, new Proxy({}, { has(target, name) { if (name === 'onRequest') throw new Error('trap'); return false; } }));
