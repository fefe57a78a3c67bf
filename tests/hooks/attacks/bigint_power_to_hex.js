// attack: memory: turns a number of 2^29 bits into hexadecimal digits
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return (2n ** (2n ** 29n)).toString(16).length; }
