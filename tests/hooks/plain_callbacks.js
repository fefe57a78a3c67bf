// The plain dialect with callbacks.
db.insert('books', [{ _id: 'a', n: 1 }, { _id: 'b', n: 2 }], function (error, stored) {
  if (error) return complete(error);
  db.find('books', { n: { $gt: 1 } }, function (error, found) {
    db.count('books', function (error, count) {
      db.findOne('books', { _id: 'none' }, function (error, none) {
        db.remove('books', { _id: 'a' }, function (error, removed) {
          complete(null, { stored: stored.length, found: found[0]._id, count, none, removed });
        });
      });
    });
  });
});
