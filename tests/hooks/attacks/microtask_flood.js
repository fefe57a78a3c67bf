// attack: floods: queues microtasks that stay
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { for (;;) queueMicrotask(() => {}); }
