// attack: internals: stops the script at load with await
// expect: hook_syntax
// debug: await is only valid in async functions
await new Promise(() => {});
