complete(new TypeError('no such shelf'));
