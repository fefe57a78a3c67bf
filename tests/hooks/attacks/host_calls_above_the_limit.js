// attack: limits: makes more host calls at one time than may wait
// expect: hook_violation
// debug: more than 1000 host calls waiting at one time
function onRequest() { for (;;) db.count('host_calls_above_the_limit', {}, () => {}); }
