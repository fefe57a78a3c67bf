// attack: floods: waits for a million promises at once
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return Promise.all(Array.from({ length: 2e6 }, () => new Promise(() => {}))); }
