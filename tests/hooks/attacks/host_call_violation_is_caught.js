// attack: limits: catches the exception of a broken limit and completes
// expect: hook_violation
// debug: allowed are 4194304
function onRequest(request, response) {
  try { db.insert('host_call_violation_is_caught', { text: '\u20ac'.repeat(1 << 22) }); } catch { /* goes on */ } finally { response.complete(); }
  response.complete();
}
