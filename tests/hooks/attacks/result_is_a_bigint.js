// attack: coercion: completes with a BigInt
// expect: hook_threw
// debug: response.body cannot be serialised: TypeError
complete(null, { n: 1n });
