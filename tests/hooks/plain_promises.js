// The plain dialect with promises.
(async function () {
  const one = await db.insert('books', { title: 'Emma', n: 1 });
  const saved = await db.save('books', { _id: 'mine', n: 5 });
  const affected = await db.update('books', { _id: 'mine' }, { $inc: { n: 2 } });
  const [mine] = await db.find('books', { _id: 'mine' }, { limit: 1 });
  const books = db.collection('books');
  const count = await books.count();
  const removed = await books.remove({ title: 'Emma' });
  const refused = await db.find('books', { $where: '1' }).catch((error) => error.name);
  complete(null, { title: one.title, id: typeof one._id, saved: saved.n, affected, n: mine.n, count, removed, refused });
})();
