//! What Kinvey's data proxy documents of each operation, as a table, through a real store.

use serde_json::{Value, json};

use crate::support::Place;

/// One call: the collection (null: of `collectionAccess` itself), the method, its arguments.
type Call = (Value, &'static str, Value);

/// What it must come to.
#[derive(Debug)]
enum End {
    Gives(Value),
    Fails(&'static str),
}

use End::{Fails, Gives};

/// A call on the collection `books`.
fn on(method: &'static str, args: Value) -> Call {
    (json!("books"), method, args)
}

/// Carries out all calls in one job, and compares.
#[track_caller]
fn check(rows: Vec<(Call, End)>) {
    let steps: Vec<Value> = rows
        .iter()
        .map(|((collection, method, args), _)| json!([collection, method, args]))
        .collect();
    let body = json!({ "steps": steps }).to_string();
    let outcome = Place::sqlite()
        .run("kinvey_proxy.js", &["--body", &body])
        .outcome();
    assert_eq!(outcome.tag.as_str(), "completed", "{outcome:?}");
    let told: Vec<Value> = serde_json::from_str(outcome.response.body.get()).unwrap();
    assert_eq!(told.len(), rows.len());
    for ((call, end), told) in rows.iter().zip(&told) {
        match end {
            Gives(value) => assert_eq!(told, value, "{call:?}"),
            Fails(code) => {
                assert_eq!(
                    (&told["error"], &told["is"]),
                    (&json!(code), &json!(true)),
                    "{call:?}: {told}"
                );
                // As the proxy's own JSON: code, message, debug.
                let shown = &told["shown"];
                assert_eq!(shown["code"], *code, "{call:?}");
                assert!(
                    shown["message"].is_string() && shown["debug"].is_string(),
                    "{told}"
                );
            }
        }
    }
}

fn book(id: &str, n: i64) -> Value {
    json!({"_id": id, "n": n})
}

/// `a`, `b` and `c`, with n of 1, 2 and 3.
fn stored() -> (Call, End) {
    let all = json!([book("a", 1), book("b", 2), book("c", 3)]);
    (on("insert", json!([all])), Gives(all))
}

#[test]
fn a_collection_that_is_not_there_is_empty_as_the_proxy_documents() {
    check(vec![
        (on("find", json!([{}])), Gives(json!([]))),
        (on("findOne", json!([{}])), Gives(json!(null))),
        (on("count", json!([{}])), Gives(json!(0))),
        (on("distinct", json!(["n", {}])), Gives(json!([]))),
        (on("remove", json!([{}])), Gives(json!(0))),
        (
            on("update", json!([{}, {"$set": {"n": 1}}])),
            Gives(json!(0)),
        ),
        (
            on("findAndModify", json!([{}, [], {"$set": {"n": 1}}])),
            Gives(json!({})),
        ),
        (on("findAndRemove", json!([{}, []])), Gives(json!({}))),
        (on("geoNear", json!([1, 2])), Gives(json!([]))),
        (
            (json!(null), "collectionExists", json!(["books"])),
            Gives(json!(false)),
        ),
        stored(),
        (
            (json!(null), "collectionExists", json!(["books"])),
            Gives(json!(true)),
        ),
    ]);
}

#[test]
fn finding_answers_as_the_proxy_documents() {
    check(vec![
        stored(),
        (
            on("find", json!([{"n": {"$gt": 1}}])),
            Gives(json!([book("b", 2), book("c", 3)])),
        ),
        (
            on(
                "find",
                json!([{}, {"sort": {"n": -1, "_id": 1}, "limit": 1}]),
            ),
            Gives(json!([book("c", 3)])),
        ),
        (
            on("find", json!([{}, {"sort": [["n", -1]], "skip": 2}])),
            Gives(json!([book("a", 1)])),
        ),
        (
            on("find", json!([{"_id": "a"}, {"fields": ["n"]}])),
            Gives(json!([book("a", 1)])),
        ),
        (
            on(
                "find",
                json!([{"_id": "a"}, {"fields": {"n": 1, "_id": 0}}]),
            ),
            Gives(json!([{"n": 1}])),
        ),
        (
            on("find", json!([{"_id": "a"}, {"fields": {"n": 0}}])),
            Gives(json!([{"_id": "a"}])),
        ),
        (on("find", json!([{"n": 9}, []])), Gives(json!([]))),
        (
            on("find", json!(["{\"n\":1}"])),
            Gives(json!([book("a", 1)])),
        ),
        (
            on(
                "findOne",
                json!([{}, {"sort": [["n", "desc"]], "skip": 1, "fields": ["n"]}]),
            ),
            Gives(book("b", 2)),
        ),
        (on("findOne", json!([{"n": 9}])), Gives(json!(null))),
        (on("count", json!([{"n": {"$lt": 3}}])), Gives(json!(2))),
        (
            on("distinct", json!(["n", {"n": {"$ne": 2}}])),
            Gives(json!([1, 3])),
        ),
    ]);
}

#[test]
fn writing_answers_as_the_proxy_documents() {
    let id = json!("0123456789abcdef01234567");
    check(vec![
        stored(),
        (
            on("insert", json!([{"_id": id, "x": 1}, {"safe": true}])),
            Gives(json!([{"_id": id, "x": 1}])),
        ),
        (
            on("save", json!([{"_id": "a", "n": 4}])),
            Gives(book("a", 4)),
        ),
        (
            on("save", json!([{"_id": "d", "n": 5}, {}])),
            Gives(book("d", 5)),
        ),
        (
            on("update", json!([{"_id": "a"}, {"$inc": {"n": 1}}])),
            Gives(json!(1)),
        ),
        (
            on(
                "update",
                json!([{"n": {"$gt": 2}}, {"$set": {"m": 1}}, {"multi": true}]),
            ),
            Gives(json!(3)),
        ),
        (
            on(
                "update",
                json!([{"n": {"$gt": 2}}, {"$unset": {"m": 1}}, {"updateMultiple": true}]),
            ),
            Gives(json!(3)),
        ),
        (
            on("update", json!([{"_id": "e"}, {"n": 6}, {"upsert": true}])),
            Gives(json!(1)),
        ),
        (
            on("update", json!([{"_id": "f"}, {"n": 6}])),
            Gives(json!(0)),
        ),
        (on("findOne", json!([{"_id": "e"}])), Gives(book("e", 6))),
        (
            on("remove", json!([{"_id": {"$in": ["d", "e", id]}}, {}])),
            Gives(json!(3)),
        ),
        (
            on("find", json!([{}])),
            Gives(json!([book("a", 5), book("b", 2), book("c", 3)])),
        ),
    ]);
}

#[test]
fn find_and_modify_answers_as_the_proxy_documents() {
    let inc = json!({"$inc": {"n": 10}});
    check(vec![
        stored(),
        // Before the change, unless asked for otherwise, by either name.
        (
            on("findAndModify", json!([{}, [["n", -1]], inc])),
            Gives(book("c", 3)),
        ),
        (
            on(
                "findAndModify",
                json!([{"_id": "a"}, {}, inc, {"new": true}]),
            ),
            Gives(book("a", 11)),
        ),
        (
            on(
                "findAndModify",
                json!([{"_id": "a"}, [], inc, {"returnModifiedEntity": true}]),
            ),
            Gives(book("a", 21)),
        ),
        (
            on("findAndModify", json!([{"_id": "z"}, [], inc])),
            Gives(json!({})),
        ),
        (
            on(
                "findAndModify",
                json!([{"_id": "z"}, null, inc, {"upsert": true}]),
            ),
            Gives(json!({})),
        ),
        (
            on(
                "findAndModify",
                json!([{"_id": "y"}, [], inc, {"upsert": true, "new": true}]),
            ),
            Gives(book("y", 10)),
        ),
        (
            on(
                "findAndModify",
                json!([{"_id": "y"}, [], null, {"remove": true}]),
            ),
            Gives(book("y", 10)),
        ),
        (
            on(
                "findAndModify",
                json!([{"_id": "y"}, [], {}, {"remove": true}]),
            ),
            Gives(json!({})),
        ),
        (
            on("findAndRemove", json!([{}, {"n": 1}])),
            Gives(book("b", 2)),
        ),
        (
            on("findAndRemove", json!([{"_id": "b"}, []])),
            Gives(json!({})),
        ),
        (
            on("distinct", json!(["_id", {}])),
            Gives(json!(["a", "c", "z"])),
        ),
    ]);
}

#[test]
fn grouping_answers_as_the_proxy_documents() {
    let (map, reduce) = (
        "function () { emit(this.n % 2, this.n); }",
        "function (key, values) { return values.reduce(function (a, b) { return a + b; }); }",
    );
    let add = "function (doc, out) { out.sum += doc.n; }";
    let near = |id: &str, x: i64| json!({"_id": id, "_geoloc": [x, 0]});
    check(vec![
        stored(),
        (
            on("mapReduce", json!([map, reduce, {"out": {"inline": 1}}])),
            Gives(json!([{"_id": 0, "value": 2}, {"_id": 1, "value": 4}])),
        ),
        (
            on("mapReduce", json!([map, reduce])),
            Gives(json!([{"_id": 0, "value": 2}, {"_id": 1, "value": 4}])),
        ),
        (
            on(
                "group",
                json!([{"none": true}, {"n": {"$gt": 1}}, {"sum": 0}, add]),
            ),
            Gives(json!([{"none": null, "sum": 5}])),
        ),
        (
            on(
                "group",
                json!([["_id"], {"n": 3}, {"sum": 1}, add, null, true]),
            ),
            Gives(json!([{"_id": "c", "sum": 4}])),
        ),
        (
            (json!("none"), "mapReduce", json!([map, reduce])),
            Fails("MongoError"),
        ),
        (
            (json!("none"), "group", json!([["n"], {}, {"sum": 0}, add])),
            Gives(json!([])),
        ),
        (
            (
                json!("places"),
                "insert",
                json!([[near("far", 3), near("near", 1)]]),
            ),
            Gives(json!([near("far", 3), near("near", 1)])),
        ),
        (
            (
                json!("places"),
                "geoNear",
                json!([0, 0, {"maxDistance": 10}]),
            ),
            Gives(json!([near("near", 1), near("far", 3)])),
        ),
        (
            (json!("places"), "geoNear", json!(["0", 0, {"limit": 1}])),
            Gives(json!([near("near", 1)])),
        ),
    ]);
}

#[test]
fn what_is_missing_or_not_allowed_fails_as_the_proxy_documents() {
    let missing = || Fails("MissingRequiredParameter");
    let refused = || Fails("DisallowedQuerySyntax");
    let mut rows = vec![
        stored(),
        (on("insert", json!([])), missing()),
        (on("save", json!([])), missing()),
        (on("update", json!([{}])), missing()),
        (on("findAndModify", json!([{}, []])), missing()),
        (on("distinct", json!([null, {}])), missing()),
        (on("geoNear", json!([null, 1])), missing()),
        (
            on("group", json!([["n"], {}, null, "function () {}"])),
            missing(),
        ),
        (on("group", json!([["n"], {}, {}, 7])), missing()),
        (on("mapReduce", json!([null, "function () {}"])), missing()),
        (on("insert", json!([{"_id": "a"}])), Fails("DuplicateKey")),
        (
            on("find", json!([{"n": {"$nonsense": 1}}])),
            Fails("BadQuery"),
        ),
        (
            on("update", json!([{}, {"$nonsense": {"n": 1}}])),
            Fails("BadUpdate"),
        ),
    ];
    for method in ["find", "findOne", "remove", "count", "findAndRemove"] {
        rows.push((on(method, json!([])), missing()));
        rows.push((on(method, json!([null])), missing()));
        rows.push((on(method, json!([{"$where": "1"}])), refused()));
        rows.push((
            on(method, json!([{"$or": [{"a": {"$query": {}}}]}])),
            refused(),
        ));
    }
    for method in ["update", "findAndModify"] {
        let args = if method == "update" {
            json!([{"$where": 1}, {"a": 1}])
        } else {
            json!([{"$where": 1}, [], {"a": 1}])
        };
        rows.push((on(method, args), refused()));
    }
    rows.push((on("count", json!([{}])), Gives(json!(3))));
    check(rows);
}
