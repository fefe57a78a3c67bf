//! The documents: about 250 bytes each, ten of each `n`.

use serde_json::{Value, json};

/// Documents that have one value of the indexed field, whatever the collection's size.
pub(crate) const SHARING: usize = 10;
/// Documents of a collection that have one value of the field without an index, in a hundred.
const WORDS: usize = 100;

/// The document with this number in a collection; `note` makes it larger.
pub(crate) fn document(number: usize, note: &str) -> Value {
    json!({
        "_id": id(number),
        "n": number / SHARING,
        "word": word(number),
        "hits": 0,
        "title": format!("The title of document {number}"),
        "author": {"name": "Jane Doe", "city": "Winchester"},
        "tags": ["novel", "classic", "paper"],
        "price": 12.5,
        "note": note,
        "_kmd": {"ect": "2026-12-01T08:00:00.000Z", "lmt": "2026-12-01T08:00:00.000Z"},
    })
}

pub(crate) fn id(number: usize) -> String {
    format!("{number:024x}")
}

pub(crate) fn word(number: usize) -> String {
    format!("word-{}", number % WORDS)
}
