// attack: species: gives a global RegExp an exec that always matches nothing
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const pattern = /x/g;
  pattern.exec = () => [''];
  return 'aaa'.replace(pattern, 'b');
}
