//! Pushdown never loses a row: random documents and filters, SQL and matcher against matcher.

use std::ops::ControlFlow;

use fastrand::Rng;
use rusqlite::Connection;
use serde_json::{Map, json};

use super::*;
use crate::budget::Budget;
use crate::operation::{Search, Sink};
use crate::query::Document;
use crate::sqlite::scan::Scope;
use crate::sqlite::{indexes, schema};
use crate::{Index, StoreError};

/// Enough to meet every pair of operator and type many times; a second or two.
const ROUNDS: u64 = 40;
const DOCUMENTS: usize = 100;
const FILTERS: usize = 200;

/// Few names, so that filters meet fields; some need quoting, or look like an index.
const NAMES: [&str; 7] = ["a", "b", "c", "0", "1", "it's", "x\"y"];

const TEXTS: [&str; 10] = [
    "", "a", "ab", "b", "A", "ä", "\u{ffff}", "😀", "a\0", "a\0b",
];

fn name(rng: &mut Rng) -> String {
    // Mostly `a` and `b`.
    let most = if rng.u8(..4) > 0 { 2 } else { NAMES.len() };
    NAMES[rng.usize(..most)].to_owned()
}

fn number(rng: &mut Rng) -> Value {
    match rng.u8(..8) {
        0 => json!(rng.f64() * 4.0 - 2.0),
        1 => json!(0.1 * f64::from(rng.u8(..8))),
        2 => json!(9_007_199_254_740_991_i64 + i64::from(rng.u8(..4))),
        3 => json!([u64::MAX as f64, -0.0, 1e300, 5e-324, 1e16, 2.0][rng.usize(..6)]),
        4 => json!([u64::MAX, u64::MAX - 1][rng.usize(..2)]),
        _ => json!(i64::from(rng.u8(..5)) - 2),
    }
}

fn value(rng: &mut Rng, depth: u32) -> Value {
    match rng.u32(..if depth == 0 { 6 } else { 10 }) {
        0 => Value::Null,
        1 => json!(rng.bool()),
        2 | 3 => number(rng),
        4 | 5 => json!(TEXTS[rng.usize(..TEXTS.len())]),
        6 | 7 => Value::Array((0..rng.u8(..4)).map(|_| value(rng, depth - 1)).collect()),
        _ => Value::Object(object(rng, depth - 1)),
    }
}

fn object(rng: &mut Rng, depth: u32) -> Map<String, Value> {
    (0..rng.u8(..4))
        .map(|_| (name(rng), value(rng, depth)))
        .collect()
}

fn id(rng: &mut Rng) -> Value {
    if rng.bool() {
        number(rng)
    } else {
        json!(TEXTS[rng.usize(..TEXTS.len())])
    }
}

fn path(rng: &mut Rng) -> String {
    let steps: Vec<String> = (0..=rng.u8(..3)).map(|_| name(rng)).collect();
    steps.join(".")
}

fn condition(rng: &mut Rng, of_id: bool) -> Value {
    let mut operand = |rng: &mut Rng| if of_id { id(rng) } else { value(rng, 2) };
    let list = |rng: &mut Rng, operand: &mut dyn FnMut(&mut Rng) -> Value| {
        Value::Array((0..rng.u8(..4)).map(|_| operand(rng)).collect())
    };
    match rng.u8(..16) {
        12 => {
            let patterns = ["^a", "^ab?", "^ä", "^\u{ffff}", "b", "^😀"];
            json!({ "$regex": patterns[rng.usize(..patterns.len())] })
        }
        13 if rng.bool() => json!({"$elemMatch": {"$gt": 0}}),
        13 => json!({"$elemMatch": {"a": {"$ne": 1}}}),
        14 => json!({"$size": rng.u8(..3)}),
        15 => json!({"$all": list(rng, &mut operand)}),
        0 => json!({"$gt": operand(rng)}),
        1 => json!({"$gte": operand(rng)}),
        2 => json!({"$lt": operand(rng)}),
        3 => json!({"$lte": operand(rng), "$gte": operand(rng)}),
        4 => json!({"$ne": operand(rng)}),
        5 => json!({"$in": list(rng, &mut operand)}),
        6 => json!({"$nin": list(rng, &mut operand)}),
        7 => json!({"$exists": rng.bool()}),
        8 => json!({"$not": {"$gt": operand(rng)}}),
        9 => json!({"$eq": operand(rng)}),
        _ => operand(rng),
    }
}

fn filter(rng: &mut Rng, depth: u32) -> Value {
    let joined = ["$and", "$or", "$nor"];
    let parts = (0..=rng.u8(..2)).map(|_| {
        if depth > 0 && rng.u8(..3) == 0 {
            let branches = (0..=rng.u8(..3)).map(|_| filter(rng, depth - 1)).collect();
            return (joined[rng.usize(..3)].to_owned(), Value::Array(branches));
        }
        if rng.u8(..6) == 0 {
            return ("_id".to_owned(), condition(rng, true));
        }
        (path(rng), condition(rng, false))
    });
    Value::Object(parts.collect())
}

fn database() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    connection
        .execute("INSERT INTO apps VALUES ('app', '', '', '{}', 0)", [])
        .unwrap();
    connection
}

fn insert(connection: &Connection, document: &Document) -> bool {
    let sql =
        "INSERT OR IGNORE INTO documents (app, collection, id, doc) VALUES ('app', 'c', ?, ?)";
    connection
        .prepare_cached(sql)
        .unwrap()
        .execute([&document.id, &document.text])
        .unwrap()
        == 1
}

#[derive(Default)]
struct Collect(Vec<String>);

impl Sink for Collect {
    fn take(
        &mut self,
        found: crate::operation::Found<'_>,
        _: &Search<'_>,
    ) -> Result<ControlFlow<()>, StoreError> {
        self.0.push(found.text.to_owned());
        Ok(ControlFlow::Continue(()))
    }
}

fn found(scope: &Scope<'_>, filter: &Filter) -> Vec<String> {
    let mut texts = Collect::default();
    scope.scan(filter, &mut texts).unwrap();
    texts.0
}

/// Creates an index on a path, if it may have one.
fn create_index(transaction: &rusqlite::Transaction<'_>, path: &str) -> bool {
    let index = Index {
        collection: "c".to_owned(),
        path: path.to_owned(),
    };
    indexes::create(transaction, "app", &index).is_ok()
}

#[test]
fn pushdown_never_loses_a_row() {
    let (mut narrowed, mut indexed) = (0, 0);
    for seed in 0..ROUNDS {
        let mut rng = Rng::with_seed(seed);
        let mut connection = database();
        let mut documents = Vec::new();
        for _ in 0..DOCUMENTS {
            let mut fields = object(&mut rng, 3);
            fields.insert("_id".to_owned(), id(&mut rng));
            let document = Document::new(fields, || unreachable!("it has an _id")).unwrap();
            if insert(&connection, &document) {
                documents.push(document.text);
            }
        }
        let transaction = connection.transaction().unwrap();
        // Half of the rounds with indexes: on what most filters ask for, and on what is rare.
        if seed % 2 == 1 {
            let paths = ["a", "b", "a.b", "a.it's.b", &path(&mut rng)];
            let made = paths.iter().filter(|path| create_index(&transaction, path));
            assert!(made.count() >= 3);
        }
        let scope = Scope {
            transaction: &transaction,
            app: "app",
            collection: "c",
            budget: &Budget::unlimited(),
        };
        for _ in 0..FILTERS {
            let query = filter(&mut rng, 2);
            let filter = Filter::parse(&query).unwrap();
            narrowed += usize::from(compile(&filter).is_some());
            indexed += usize::from(indexes::lookup(&scope, &filter).unwrap().is_some());
            let matches = |text: &&String| filter.matches(&serde_json::from_str(text).unwrap());
            let expected: Vec<String> = documents.iter().filter(matches).cloned().collect();
            assert_eq!(
                found(&scope, &filter),
                expected,
                "seed {seed}, filter {query}"
            );
        }
    }
    let all = usize::try_from(ROUNDS).unwrap() * FILTERS;
    assert!(
        narrowed * 3 > all,
        "only {narrowed} of {all} filters were pushed down"
    );
    assert!(
        indexed * 20 > all,
        "only {indexed} of {all} filters used an index"
    );
}

#[track_caller]
fn check(query: Value, sql: &str) {
    let predicate = compile(&Filter::parse(&query).unwrap());
    assert_eq!(predicate.map(|p| p.sql).unwrap_or_default(), sql, "{query}");
}

#[test]
fn filters_become_sql() {
    check(
        json!({"it's": {"$gt": "x"}}),
        "((json_type(doc, '$.\"it''s\"') IN ('text') \
         AND json_extract(doc, '$.\"it''s\"') >= ?) OR json_type(doc, '$.\"it''s\"') = 'array')",
    );
    check(
        json!({"a": 5}),
        "((json_type(doc, '$.\"a\"') IN ('integer') AND json_extract(doc, '$.\"a\"') = ?) \
         OR (json_type(doc, '$.\"a\"') IN ('real') \
         AND json_extract(doc, '$.\"a\"') BETWEEN ? AND ?) \
         OR json_type(doc, '$.\"a\"') = 'array')",
    );
    check(
        json!({"a.b": {"$exists": true}}),
        "(json_type(doc, '$.\"a\".\"b\"') IS NOT NULL OR json_type(doc, '$.\"a\"') = 'array')",
    );
    check(
        json!({"$or": [{"_id": 1}, {"_id": {"$in": ["x"]}}]}),
        "(id = ? OR id IN (SELECT value FROM json_each(?)))",
    );
}

#[test]
fn what_sql_would_get_wrong_is_left_to_the_matcher() {
    for query in [
        json!({}),
        json!({"a.0": 1}),
        json!({"x\"y": 1}),
        json!({"a..b": 1}),
        json!({"a\\b": 1}),
        json!({"a": {"$ne": 1}}),
        json!({"$nor": [{"a": 1}]}),
        json!({"a": 9_007_199_254_740_992_i64}),
        json!({"$or": [{"a": 1}, {"a": {"$ne": 2}}]}),
        json!({"a": {"$in": [1, null]}}),
        json!({"a": "x\0"}),
        json!({"a": {"$not": {"$gt": 1}}}),
        json!({ "a".repeat(300): 1 }),
    ] {
        check(query, "");
    }
}

#[test]
fn an_id_is_looked_up_and_a_collection_is_read_in_order_without_sorting() {
    let mut connection = database();
    let transaction = connection.transaction().unwrap();
    let scope = Scope {
        transaction: &transaction,
        app: "app",
        collection: "c",
        budget: &Budget::unlimited(),
    };
    let plan = |query: Value| scope.plan_of(&Filter::parse(&query).unwrap());
    for by_id in [
        json!({"_id": "x"}),
        json!({"_id": {"$in": ["x", "y"]}}),
        json!({"_id": 1, "a": 2}),
    ] {
        assert!(
            plan(by_id.clone()).contains("(app=? AND collection=? AND id=?)"),
            "{}",
            plan(by_id)
        );
    }
    let whole = plan(json!({"a": 1}));
    assert!(
        whole.contains("documents_in_order") && !whole.contains("TEMP B-TREE"),
        "{whole}"
    );
}

#[test]
fn an_index_leads_to_the_rows_in_order() {
    let mut connection = database();
    let transaction = connection.transaction().unwrap();
    assert!(create_index(&transaction, "a.b"));
    assert!(create_index(&transaction, "it's"));
    let scope = Scope {
        transaction: &transaction,
        app: "app",
        collection: "c",
        budget: &Budget::unlimited(),
    };
    let plan = |query: Value| scope.plan_of(&Filter::parse(&query).unwrap());
    for (query, index, columns) in [
        (json!({"a.b": 1}), 1, "(<expr>=? AND <expr>>? AND <expr><?)"),
        (json!({"a.b": "x"}), 1, "(<expr>=? AND <expr>=?)"),
        (
            json!({"a.b": {"$in": [1, "x"]}, "c": 1}),
            1,
            "(<expr>=? AND <expr>=?)",
        ),
        (json!({"it's": {"$gt": 5}}), 2, "(<expr>=? AND <expr>>?)"),
        (
            json!({"it's": {"$regex": "^ab"}}),
            2,
            "(<expr>=? AND <expr>>? AND <expr><?)",
        ),
        (json!({"it's": null}), 2, "(<expr>=?)"),
        (json!({"it's": {"$gt": 5}, "a.b": true}), 1, "(<expr>=?)"),
    ] {
        let plan = plan(query);
        let search = format!("USING INDEX documents_of_index_{index} {columns}");
        assert!(plan.contains(&search), "{plan}");
        assert!(
            plan.contains("USING INTEGER PRIMARY KEY (rowid=?)"),
            "{plan}"
        );
        assert!(!plan.contains("ORDER BY"), "{plan}");
    }
    // The other collections and apps have none of it.
    let other = Scope {
        collection: "d",
        ..scope
    };
    let plan = other.plan_of(&Filter::parse(&json!({"a.b": 1})).unwrap());
    assert!(plan.contains("documents_in_order"), "{plan}");
}

#[test]
fn deep_and_wide_filters_stay_within_the_limits_of_sql() {
    let mut connection = database();
    let mut fields = Map::new();
    fields.insert("a".to_owned(), json!(1));
    insert(
        &connection,
        &Document::new(fields, || "x".to_owned()).unwrap(),
    );
    let transaction = connection.transaction().unwrap();
    let scope = Scope {
        transaction: &transaction,
        app: "app",
        collection: "c",
        budget: &Budget::unlimited(),
    };
    let deep = (0..24).fold(
        json!({"a": 1}),
        |inner, _| json!({"$and": [{"$or": [inner]}]}),
    );
    let wide = |operator: &str, count: i64| {
        let branches: Vec<Value> = (0..count)
            .map(|n| json!({"a.b.c.d.e.f.g": {"$ne": n}, "a": 1}))
            .collect();
        json!({ operator: branches })
    };
    let long = (0..50_000).collect::<Vec<_>>();
    for query in [
        deep,
        wide("$and", 30),
        wide("$or", 300),
        json!({"a": {"$in": long}}),
    ] {
        assert_eq!(found(&scope, &Filter::parse(&query).unwrap()).len(), 1);
    }
}
