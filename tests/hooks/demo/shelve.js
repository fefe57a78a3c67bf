// A pre-save hook in the plain dialect: reads and writes the app's own data, then hands back the entity.
const book = request.body;
if (!book.title) {
  complete('a book needs a title');
} else {
  db.find('books', { author: book.author }, function (error, others) {
    if (error) return complete(error);
    book.sameAuthor = others.map(function (other) { return other.title; });
    db.insert('books', book, function (error, saved) {
      if (error) return complete(error);
      db.insert('changes', { what: 'saved', title: saved.title }, function (error) {
        complete(error, { title: saved.title, sameAuthor: saved.sameAuthor });
      });
    });
  });
}
