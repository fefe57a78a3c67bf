// attack: limits: starts a thousand and one timers
// expect: hook_violation
// debug: more than 1000 timers at one time
function onRequest() { for (let i = 0; i < 1001; i++) setTimeout(() => {}, 1e6); }
