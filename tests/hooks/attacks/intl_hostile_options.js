// attack: natives: passes options whose getters throw and return nonsense
// expect: completed
// body: {"errors":["Error","RangeError","RangeError","TypeError","RangeError"]}
function onRequest(request, response) {
  const attempts = [
    () => new Intl.NumberFormat('en', { get style() { throw new Error('trap'); } }),
    () => new Intl.NumberFormat('en', { minimumFractionDigits: 1e9 }),
    () => new Intl.DateTimeFormat('en', { timeZone: '../../etc/passwd' }),
    () => new Intl.DateTimeFormat('en', { timeZone: Symbol('x') }),
    () => new Intl.Locale('x'.repeat(1e6)),
  ];
  const errors = attempts.map((attempt) => { try { attempt(); return 'none'; } catch (error) { return error.constructor.name; } });
  response.body = { errors };
  response.complete();
}
