// Leaves nothing to wait for, and never completes.
const list = [];
setTimeout(() => list.push('late'), 0);
Promise.resolve().then(() => list.push('micro'));
