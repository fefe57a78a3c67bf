// A promise that nobody looks after.
db.find('books', { $nonsense: 1 }).then(function (books) { complete(null, books); });
