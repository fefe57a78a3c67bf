// attack: limits: makes one host call after the other for ever
// expect: hook_violation
// debug: more than 10000 host calls in one job
function onRequest() { (function again() { db.collection('host_calls_in_a_chain').count({}, again); })(); }
