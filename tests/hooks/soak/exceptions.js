// Exceptions that are caught: finally in every order, causes, stacks, stack overflow.
const log = [];
function both(how) {
  try {
    if (how === 'throw') throw new Error('inner', { cause: how });
    return 'value';
  } catch (error) {
    log.push(error.message + error.cause);
    return 'caught';
  } finally {
    log.push('finally ' + how);
    if (how === 'override') return 'finally wins';
  }
}
for (const how of ['throw', 'return', 'override']) log.push(both(how));
function deep(n) { return n ? deep(n - 1) + 1 : (() => { throw new EvalError('deep'); })(); }
let caught = 0;
for (let i = 0; i < 100; i++) { try { deep(i % 40); } catch (error) { caught += error.stack.length; } }
let overflow = '';
try { (function again() { again(); })(); } catch (error) { overflow = error.name + ': ' + error.message; }
try { null.x; } catch (error) { log.push(error.message); }
try { undefined_name; } catch (error) { log.push(error.message); }
try { deep(3); } catch (error) { log.push(error.stack); }
complete(null, { log, caught, overflow, aggregate: new AggregateError([1, 2], 'two').errors });
