console.log('text', 1, { a: [true, null] }, undefined, new TypeError('told'));
console.warn('careful');
console.error('broken', Symbol('s'), function () {});
complete(null, 'logged');
