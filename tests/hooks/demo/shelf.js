// Reads back what the pre-save hooks have stored.
async function shelf() {
  const books = await db.find('books', {});
  const changes = await db.count('changes', {});
  complete(null, { books: books.map((book) => book.title).sort(), changes });
}
shelf();
