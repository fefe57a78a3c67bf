//! `modules.collectionAccess`: what is sent to the host, and what comes back to the script.

use lode_proto::Tag;
use lode_proto::message::CallError;
use serde_json::{Value, json};

use crate::support::{hook, script};

/// Answers in the shapes of the store.
fn store(method: &str, args: &Value) -> Result<Value, CallError> {
    if args["query"].get("$nonsense").is_some() {
        return Err(CallError {
            code: "BadQuery".to_owned(),
            message: "no".to_owned(),
        });
    }
    Ok(match method {
        "db.find" | "db.insert" | "db.distinct" | "db.geoNear" => json!([{"_id": "a"}]),
        "db.findAndModify" => json!({"entity": {"_id": "before"}, "updatedExisting": true}),
        "db.findAndRemove" => json!({}),
        "db.findOne" => Value::Null,
        "db.update" => json!({"numberAffected": 3, "updatedExisting": true}),
        "db.remove" | "db.count" => json!({"count": 2}),
        "db.collectionExists" => json!(true),
        _ => args["entity"].clone(),
    })
}

#[test]
fn every_operation_sends_what_its_arguments_mean() {
    let ran = hook("kinvey_every_operation").answer(store).run();
    let books = |rest: Value| {
        let mut all = rest.as_object().unwrap().clone();
        all.insert("collection".to_owned(), json!("books"));
        Value::Object(all)
    };
    let find = json!({"query": {"n": 1}, "options": {"sort": {"n": 1}, "limit": 5, "skip": 2, "fields": ["a"]}});
    let regex = json!({"name": {"$regex": "^a.b", "$options": "i"}, "$or": [{"x": {"$regex": "y", "$options": "m"}}]});
    let modify = json!({"query": {"a": 1}, "sort": [["n", -1]], "entity": {"$inc": {"n": 1}}, "options": {"new": true}});
    let near = json!({"x": 1.5, "y": 2, "options": {"query": {"name": {"$regex": "x", "$options": ""}}, "limit": 3,
        "maxDistance": 0.5, "spherical": true}});
    let expected = [
        ("find", find),
        ("find", json!({"query": "{\"n\":2}"})),
        ("findOne", json!({"query": regex, "options": {}})),
        ("insert", json!({"entity": {"a": 1}})),
        ("save", json!({"entity": {"_id": "a"}})),
        (
            "update",
            json!({"query": {}, "entity": {"$set": {"a": 1}}, "options": {"upsert": true, "multi": true}}),
        ),
        ("remove", json!({"query": {"a": 1}})),
        ("findAndModify", modify),
        (
            "findAndModify",
            json!({"query": {"a": 0}, "sort": {}, "entity": {}, "options": {"remove": true}}),
        ),
        (
            "findAndRemove",
            json!({"query": {"a": 1}, "sort": {"n": 1}}),
        ),
        ("count", json!({"query": {}})),
        ("distinct", json!({"key": "tags", "query": {"a": 1}})),
        ("distinct", json!({"key": "tags", "query": {}})),
        ("geoNear", near),
        ("collectionExists", json!({})),
    ];
    for ((method, args), (name, rest)) in ran.calls.iter().zip(expected.clone()) {
        assert_eq!(
            (method.as_str(), args),
            (format!("db.{name}").as_str(), &books(rest))
        );
    }
    assert_eq!(ran.calls.len(), expected.len());
}

#[test]
fn every_operation_calls_back_with_kinveys_result() {
    let found = json!([{"_id": "a"}]);
    let expected = json!({
        "0find": found, "1find": found, "2findOne": null, "3insert": found, "4save": {"_id": "a"},
        "5update": 3, "6remove": 2, "7findAndModify": {"_id": "before"}, "8findAndModify": {"_id": "before"},
        "9findAndRemove": {}, "10count": 2, "11distinct": found, "12distinct": found, "13geoNear": found,
        "exists": true,
    });
    assert_eq!(
        hook("kinvey_every_operation").answer(store).body(),
        expected
    );
}

#[test]
fn a_failed_operation_calls_back_with_its_code() {
    let ran = hook("kinvey_every_operation").run();
    let body = ran.body();
    let codes = body
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != "exists");
    let codes: Vec<&Value> = codes.map(|(_, code)| code).collect();
    assert_eq!(codes, [&json!("UnknownMethod"); 14]);
}

#[test]
fn twins_give_bluebirds_promises() {
    let answer = |method: &str, args: &Value| match method {
        "db.remove" => store(method, &json!({"query": {"$nonsense": 1}})),
        _ => store(method, args),
    };
    let expected = json!({"missing": [], "joined": [1, true], "caught": "BadQuery"});
    assert_eq!(
        hook("kinvey_bluebird_twins").answer(answer).body(),
        expected
    );
}

#[test]
fn a_rejection_of_bluebirds_that_nobody_looks_after_ends_the_hook() {
    let ran = hook("kinvey_unhandled_bluebird").answer(store).run();
    assert_eq!(
        ran.failed(Tag::HookThrew),
        "BadQuery: no (unhandled promise rejection)"
    );
}

/// 1,201 documents with ids of two types, of three kinds in turn; a page of more than 300 is too
/// large for one answer.
fn shelf(method: &str, args: &Value) -> Result<Value, CallError> {
    if method == "db.collectionExists" {
        return Ok(json!(args["collection"] == "books"));
    }
    let id = |n: u64| {
        if n < 500 {
            json!(n)
        } else {
            json!(format!("{n:05}"))
        }
    };
    let kinds = ["b", "a", "c"].iter().cycle();
    let docs = (0..1201_u64)
        .zip(kinds)
        .map(|(n, kind)| json!({"_id": id(n), "n": n, "kind": kind}));
    let range = args["query"]["$and"][1]["_id"].clone();
    let rank = |id: &Value| (id.is_string(), id.as_u64(), id.as_str().map(str::to_owned));
    let fits = |doc: &Value| match (range.get("$gt"), range.get("$type")) {
        (Some(last), _) => {
            rank(&doc["_id"]) > rank(last) && doc["_id"].is_string() == last.is_string()
        }
        (None, Some(kind)) => {
            kind == if doc["_id"].is_string() {
                "string"
            } else {
                "number"
            }
        }
        (None, None) => true,
    };
    let options = &args["options"];
    let limit = options["limit"].as_u64().expect("pages are limited");
    if limit > 300 {
        return Err(CallError {
            code: "LimitExceeded".to_owned(),
            message: "the result is too large".to_owned(),
        });
    }
    let mut found: Vec<Value> = docs.filter(fits).collect();
    if options["sort"]["n"] == -1 {
        found.reverse();
    }
    let size = |count: u64| usize::try_from(count).expect("pages are small");
    let skip = options["skip"].as_u64().unwrap_or(0);
    let page = found.into_iter().skip(size(skip));
    Ok(page.take(size(limit)).collect())
}

#[test]
fn map_reduce_runs_over_all_documents_in_the_hook() {
    let body = hook("kinvey_map_reduce").answer(shelf).body();
    let expected = json!({
        "results": [["a", 800, 400], ["b", 802, 401], ["c", 800, 400]],
        "globals": ["undefined", "undefined"],
        "limited": [{"_id": 1, "value": 3}],
        "missing": ["MongoError", "ns doesn't exist: none"],
        "thrown": ["MongoError", "mapReduce failed: ReferenceError: nowhere is not defined"],
        "wrong": "MissingRequiredParameter",
    });
    assert_eq!(body, expected);
}

#[test]
fn group_takes_names_an_object_or_a_function_as_its_keys() {
    let body = hook("kinvey_group").answer(shelf).body();
    let sums = |start: u64| (start..1201).step_by(3).sum::<u64>();
    let expected = json!({
        "byName": [
            {"kind": "b", "count": 401, "sum": sums(0)}, {"kind": "a", "count": 400, "sum": sums(1)},
            {"kind": "c", "count": 400, "sum": sums(2)},
        ],
        "byObject": 3,
        "byFunction": [
            {"odd": false, "count": 601, "sum": (0..1201_u64).step_by(2).sum::<u64>()},
            {"odd": true, "count": 600, "sum": (1..1201_u64).step_by(2).sum::<u64>()},
        ],
        "all": [{"count": 1201, "sum": (0..1201_u64).sum::<u64>()}],
    });
    assert_eq!(body, expected);
}

/// 700 documents from 2^53 - 100 on, compared exactly; as JavaScript reads their ids, two or three
/// are equal from 2^53 on. After them come three objects, whose fields JavaScript reorders.
fn large_ids(method: &str, args: &Value) -> Result<Value, CallError> {
    if method == "db.collectionExists" {
        return Ok(json!(true));
    }
    let options = &args["options"];
    let count = |name: &str| {
        let given = options[name].as_u64().expect("limit and skip are given");
        usize::try_from(given).expect("they are small")
    };
    if count("limit") > 125 {
        return Err(CallError {
            code: "LimitExceeded".to_owned(),
            message: "the result is too large".to_owned(),
        });
    }
    let first = (1_u64 << 53) - 100;
    let objects = ["1", "2", "3"].map(|name| json!({"_id": {"b": 1, name: 1}}));
    let numbers = (first..first + 700).map(|id| json!({ "_id": id }));
    let range = &args["query"]["$and"][1]["_id"];
    let fits = |doc: &Value| match (range.get("$gt"), range.get("$type")) {
        (Some(last), _) => doc["_id"].is_u64() && doc["_id"].as_u64() > last.as_u64(),
        (None, Some(kind)) => kind == "object" && doc["_id"].is_object(),
        (None, None) => true,
    };
    let found = numbers.chain(objects).filter(fits);
    Ok(found.skip(count("skip")).take(count("limit")).collect())
}

#[test]
fn documents_whose_ids_javascript_cannot_tell_apart_are_read_once_each() {
    let text = "function onRequest(request, response, modules) {
      var books = modules.collectionAccess.collection('books');
      books.group([], {}, {count: 0}, function (doc, out) { out.count++; }, function (error, counted) {
        books.mapReduce('function () { emit(typeof this._id, 1); }', function (key, ones) { return ones.length; }, {},
          function (failed, reduced) {
            response.body = [error, counted, failed, reduced];
            response.complete();
          });
      });
    }";
    let reduced = json!([{"_id": "number", "value": 700}, {"_id": "object", "value": 3}]);
    let expected = json!([null, [{"count": 703}], null, reduced]);
    assert_eq!(script(text).answer(large_ids).body(), expected);
}

#[test]
fn map_reduce_sorts_its_keys_as_the_store_does() {
    let text = r"function onRequest(request, response, modules) {
      var map = function () {
        [true, [1], [], {b: 1}, {a: 'x'}, {c: null}, {b: 1, c: 0}, '\u{1f600}', '\uffff', 'b', 'ba', 'B', -1, 10, 9, null]
          .forEach(function (key) { emit(key, 1); });
      };
      modules.collectionAccess.collection('books').mapReduce(map, 'function () { return 0; }', {}, function (error, found) {
        response.body = found.map(function (one) { return one._id; });
        response.complete();
      });
    }";
    let expected = json!([
        null, -1, 9, 10, "B", "b", "ba", "\u{ffff}", "\u{1f600}", {"c": null}, {"b": 1}, {"b": 1, "c": 0},
        {"a": "x"}, [], [1], true,
    ]);
    let one = |method: &str, args: &Value| match args["query"] == json!({}) {
        true => Ok(json!([{"_id": "a"}])),
        false => store(method, args),
    };
    assert_eq!(script(text).answer(one).body(), expected);
}

#[test]
fn half_a_character_in_a_host_call_becomes_a_replacement_character() {
    let text = r"function onRequest(request, response, modules) {
      var books = modules.collectionAccess.collection('books');
      var entity = {title: 'a\u{1f600}b'.substr(0, 2), whole: '\u{1f600}', told: '\\ud83d', '\udc00': ['\ud83d\ud83d']};
      books.save(entity, function (error, saved) {
        response.body = [error, saved];
        response.complete();
      });
    }";
    let entity = json!({
        "title": "a\u{fffd}", "whole": "\u{1f600}", "told": "\\ud83d", "\u{fffd}": ["\u{fffd}\u{fffd}"],
    });
    let ran = script(text).answer(store).run();
    assert_eq!(ran.body(), json!([null, entity]));
    assert_eq!(ran.calls[0].1["entity"], entity);
}
