// attack: parser: shadows the API with let and const
// expect: completed
// body: {"shadowed":true}
let setTimeout = 1, request = 2;
complete(null, { shadowed: setTimeout + request === 3 });
