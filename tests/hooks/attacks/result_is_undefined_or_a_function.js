// attack: coercion: completes with what JSON leaves out
// expect: completed
// body: null
complete(null, () => 'forged');
