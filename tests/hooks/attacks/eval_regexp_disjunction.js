// attack: parser: compiles a pattern of many alternatives deep inside lookbehinds
// expect: completed
// body: {"found":false}
complete(null, { found: new RegExp('(?<='.repeat(2000) + 'a|b' + ')'.repeat(2000)).test('c') });
