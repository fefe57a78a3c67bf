// attack: parser: strict code with what strict code forbids
// expect: hook_syntax
// debug: Octal literals are not allowed in strict mode
'use strict';
complete(null, 010);
