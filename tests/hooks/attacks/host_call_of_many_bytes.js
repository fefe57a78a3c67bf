// attack: limits: passes a document of sixteen megabytes
// expect: hook_violation
// debug: allowed are 4194304
function onRequest() { db.insert('host_call_of_many_bytes', { text: 'x'.repeat(1 << 24) }); }
