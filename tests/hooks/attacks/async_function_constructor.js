// attack: constructors: reaches AsyncFunction and awaits host objects through it
// expect: completed
// body: {"same":true,"global":true,"found":"undefined"}
const AsyncFunction = (async () => {}).constructor;
new AsyncFunction('db', 'await db.count("async_function_constructor"); return [this === globalThis, typeof Deno, typeof host];')(db)
  .then(([global, deno, host]) => {
    const same = Object.getPrototypeOf(AsyncFunction) === Function;
    complete(null, { same, global, found: deno === host ? deno : 'host' });
  });
