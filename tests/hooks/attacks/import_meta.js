// attack: internals: reads import.meta
// expect: hook_syntax
// debug: Cannot use 'import.meta' outside a module
complete(null, import.meta);
