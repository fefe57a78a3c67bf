// attack: stack: names a function so that the reported stack has a frame more
// expect: hook_threw
// debug: Error: told
function onRequest() {
  const name = 'mine (endpoint:other:1:1)\n    at FORGED';
  const holder = { [name]() { throw new Error('told'); } };
  holder[name]();
}
