// attack: previous_job: counts runs in globals of every kind
// expect: completed
// body: {"counts":[1,1,1]}
var runs = (globalThis.runs || 0) + 1;
globalThis.hidden_runs = (globalThis.hidden_runs || 0) + 1;
Object.defineProperty(Array.prototype, 'runs', { value: ([].runs || 0) + 1, configurable: true });
complete(null, { counts: [runs, hidden_runs, [].runs] });
