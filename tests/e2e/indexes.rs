//! `lode index`, on both stores.

use serde_json::{Value, json};

use crate::postgres::on_postgres;
use crate::support::{Place, Ran};

/// `lode index …` in the place's store.
fn index(place: &Place, args: &[&str]) -> Ran {
    let tail = ["--store", &place.store];
    place.lode(["index"].iter().chain(args).chain(&tail))
}

fn both() -> [Place; 2] {
    [Place::sqlite(), on_postgres(Place::sqlite())]
}

#[test]
fn an_index_is_created_once_listed_and_dropped() {
    for place in both() {
        place.app("shop", &[]);
        let author = ["shop", "books", "author.name"];
        let with = |verb: &'static str| [&[verb], author.as_slice()].concat();
        let told = index(&place, &with("create")).good();
        let title = "app shop: index on author.name of books";
        assert_eq!(told, format!("{title} created\n"));
        let told = index(&place, &with("create")).good();
        assert_eq!(told, format!("{title} exists already\n"));
        let told = index(&place, &["create", "shop", "loans", "due", "--json"]).good();
        let told: Value = serde_json::from_str(&told).unwrap();
        let due = json!({"app": "shop", "collection": "loans", "path": "due", "created": true});
        assert_eq!(told, due);

        let listed = index(&place, &["list", "shop"]).good();
        let lines: Vec<&str> = listed.lines().collect();
        let expected = [
            "collection  path",
            "books       author.name",
            "loans       due",
        ];
        assert_eq!(lines, expected);
        let listed = index(&place, &["list", "shop", "books", "--json"]).good();
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let expected = json!([{"app": "shop", "collection": "books", "path": "author.name"}]);
        assert_eq!(listed, expected);

        let told = index(&place, &with("drop")).good();
        assert_eq!(told, format!("{title} dropped\n"));
        let told = index(&place, &with("drop")).bad(1);
        assert!(told.contains("no index on author.name of books"), "{told}");
        assert!(told.contains("`lode index list shop`"), "{told}");
    }
}

#[test]
fn an_index_that_cannot_be_is_refused_with_what_is_wrong() {
    for place in both() {
        let told = index(&place, &["create", "shop", "books", "author"]).bad(1);
        assert!(told.contains("there is no app \"shop\""), "{told}");
        place.app("shop", &[]);
        for (collection, path, words) in [
            ("books", "_id", "_id has an index already"),
            ("books", "tags.0", "an index of an array must not be a step"),
            ("books", "a..b", "a..b"),
            ("books", "$where", "$where"),
            ("system.indexes", "a", "system."),
        ] {
            let told = index(&place, &["create", "shop", collection, path]).bad(1);
            assert!(told.contains(words), "{path}: {told}");
        }
        let told = index(&place, &["list", "shop"]).good();
        assert_eq!(told, "");
    }
}
