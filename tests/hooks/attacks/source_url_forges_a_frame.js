// attack: stack: names evaluated code like a script of the sandbox, with a line end
// expect: hook_threw
// debug: Error: told
function onRequest() { eval('throw new Error("told")\n//# sourceURL=lode:bridge\u2028FORGED'); }
