// `modules.logger`: one line each. An Error is its text, other objects are shown as JSON.
(function (parts) {
  'use strict';
  const { bridge } = parts;
  const { later, log } = bridge;
  const write = (level) => (message, callback) => {
    log(level, [message === undefined ? null : message]);
    if (typeof callback === 'function') later(callback);
  };
  return {
    __proto__: null,
    logger: { info: write('info'), warn: write('warning'), error: write('error'), fatal: write('fatal') },
  };
})
