// attack: natives: compiles huge character classes with the v flag
// expect: completed
// body: {"matched":false}
complete(null, { matched: new RegExp('[\\p{RGI_Emoji}--\\p{L}]'.repeat(50), 'v').test('a') });
