// How far the job is: any JSON. Nobody has to wait for it, and what becomes of it ends no hook.
(function (parts) {
  'use strict';
  const { bridge } = parts;
  const { call, ignore } = bridge;
  return function progress(value, callback) {
    const told = value === undefined ? null : value;
    const calledBack = typeof callback === 'function' ? callback : undefined;
    const promise = call('job.progress', { __proto__: null, value: told }, undefined, calledBack);
    ignore(promise);
    return promise;
  };
})
