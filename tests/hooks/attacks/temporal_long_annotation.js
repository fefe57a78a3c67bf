// attack: natives: parses a date with a million annotations
// expect: completed
// body: {"day":"2020-01-01"}
complete(null, { day: Temporal.PlainDate.from('2020-01-01' + '[a=b]'.repeat(1e6)).toString() });
