// attack: thenable: completes with a thenable, which must not be waited for
// expect: completed
// body: {"n":1}
complete(null, { n: 1, then(resolve) { resolve({ n: 'forged' }); } });
