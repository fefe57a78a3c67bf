// attack: reentry: throws in a callback of db after another callback completed nothing
// expect: hook_threw
// debug: Error: from a callback
function onRequest() { db.count('callback_that_throws', {}, () => { throw new Error('from a callback'); }); }
