// attack: floods: rejects promises without end, each of which the host notes
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { for (;;) Promise.reject(new Error('x')); }
