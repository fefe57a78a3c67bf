// attack: memory: flattens a thousand times the same long array
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return new Array(1000).fill(new Array(2 ** 20).fill(0)).flat(); }
