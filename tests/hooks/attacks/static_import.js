// attack: internals: imports statically
// expect: hook_syntax
// debug: Cannot use import statement outside a module
import fs from 'fs';
complete(null, fs);
