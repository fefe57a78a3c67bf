// attack: host_errors: leaves a failed query of the plain dialect alone
// expect: hook_threw
// debug: (unhandled promise rejection)
db.find('x', { $where: 1 });
setTimeout(() => complete(null, 'too late'), 100000);
