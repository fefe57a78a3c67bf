// attack: identity: changes a document after it was handed to insert
// expect: completed
// body: {"title":"Emma"}
const book = { title: 'Emma' };
const inserted = db.insert('document_is_copied', book);
book.title = 'forged';
inserted.then(() => db.findOne('document_is_copied', {}, { fields: { title: 1 } })).then((found) => complete(null, { title: found.title }));
