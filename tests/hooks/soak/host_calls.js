// Host calls whose replies are fixed: callbacks, promises, and many at one time.
(async () => {
  const one = await db.findOne({ n: 1 });
  const many = await Promise.all(Array.from({ length: 40 }, (_, i) => db.findOne({ n: i })));
  db.findOne({ last: true }, (error, doc) => {
    complete(error, { one, many: many.map((doc) => JSON.stringify(doc)).join().length, doc });
  });
})();
