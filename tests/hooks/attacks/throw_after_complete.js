// attack: reentry: throws after its terminal call, in script code
// expect: completed
// body: {"first":1}
complete(null, { first: 1 });
throw new Error('forged');
