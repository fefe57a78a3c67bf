//! Updates as tables: before, update, after.

mod operators;

use serde_json::json;

use super::*;
use crate::StoreError;
use crate::budget::Budget;

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(object) = value else {
        panic!("not an object: {value}")
    };
    object
}

/// 2014-02-26T19:45:22.211Z
const NOW_MS: u64 = 1_393_443_922_211;

fn apply_matched(query: &Value, before: Value, update: &Value) -> Result<Value, StoreError> {
    let occasion = Occasion {
        filter: &Filter::parse(query)?,
        now_ms: NOW_MS,
        budget: &Budget::unlimited(),
    };
    let after = Update::parse(update)?.apply(&object(before), occasion)?;
    Ok(Value::Object(after))
}

fn apply(before: Value, update: &Value) -> Result<Value, StoreError> {
    apply_matched(&json!({}), before, update)
}

/// Compared as text, since the order of fields matters.
#[track_caller]
fn check(before: Value, update: Value, after: Value) {
    assert_eq!(
        apply(before, &update).unwrap().to_string(),
        after.to_string(),
        "{update}"
    );
}

#[track_caller]
fn check_refused(before: Value, update: Value, part_of_message: &str) {
    let error = apply(before, &update).unwrap_err();
    assert!(error.is_callers_fault());
    assert!(error.to_string().contains(part_of_message), "{error}");
}

#[track_caller]
fn check_upserted(query: Value, update: Value, expected: Value) {
    let made = upserted(&query, &update).unwrap();
    assert_eq!(Value::Object(made).to_string(), expected.to_string());
}

fn upserted(query: &Value, update: &Value) -> Result<Map<String, Value>, StoreError> {
    let occasion = Occasion {
        filter: &Filter::parse(query)?,
        now_ms: NOW_MS,
        budget: &Budget::unlimited(),
    };
    Update::parse(update)?.upserted(occasion)
}

#[test]
fn set_replaces_and_creates() {
    check(
        json!({"_id": 1, "a": 1}),
        json!({"$set": {"a": 2}}),
        json!({"_id": 1, "a": 2}),
    );
    check(
        json!({}),
        json!({"$set": {"a.b.0": 2}}),
        json!({"a": {"b": {"0": 2}}}),
    );
    check(
        json!({"a": {"b": 1}}),
        json!({"$set": {"a.c": 2}}),
        json!({"a": {"b": 1, "c": 2}}),
    );
    check(
        json!({"a": [1, 2]}),
        json!({"$set": {"a.1": 9}}),
        json!({"a": [1, 9]}),
    );
    check(
        json!({"a": [1]}),
        json!({"$set": {"a.3": 9}}),
        json!({"a": [1, null, null, 9]}),
    );
    check(
        json!({"a": []}),
        json!({"$set": {"a.0.b": 9}}),
        json!({"a": [{"b": 9}]}),
    );
    check(
        json!({"z": 0}),
        json!({"$set": {"c": 1, "b": 2, "z": 3}}),
        json!({"z": 3, "b": 2, "c": 1}),
    );
    check(
        json!({"_id": 1}),
        json!({"$set": {"_id": 1.0}}),
        json!({"_id": 1.0}),
    );
}

#[test]
fn set_says_why_a_path_cannot_be_created() {
    check_refused(
        json!({"a": 5}),
        json!({"$set": {"a.b": 1}}),
        "\"b\" would be a field of a number",
    );
    check_refused(
        json!({"a": null}),
        json!({"$set": {"a.b": 1}}),
        "a field of null",
    );
    check_refused(
        json!({"a": [1]}),
        json!({"$set": {"a.b": 1}}),
        "indexes only",
    );
    check_refused(
        json!({"a": []}),
        json!({"$set": {"a.200000": 1}}),
        "100000 nulls",
    );
    check_refused(json!({"a": []}), json!({"$set": {"a.$x": 1}}), "$ or $[]");
    check_refused(json!({}), json!({"$set": {"a..b": 1}}), "must not be empty");
}

#[test]
fn unset_removes_fields_and_nulls_elements() {
    check(
        json!({"a": 1, "b": 2, "c": 3}),
        json!({"$unset": {"a": ""}}),
        json!({"b": 2, "c": 3}),
    );
    check(
        json!({"a": {"b": 1, "c": 2}}),
        json!({"$unset": {"a.b": 1}}),
        json!({"a": {"c": 2}}),
    );
    check(
        json!({"a": [1, 2]}),
        json!({"$unset": {"a.0": 1}}),
        json!({"a": [null, 2]}),
    );
    check(
        json!({"a": 1}),
        json!({"$unset": {"a.b": 1, "z.z": 1}}),
        json!({"a": 1}),
    );
}

#[test]
fn inc_adds_numbers_exactly() {
    check(json!({"a": 1}), json!({"$inc": {"a": 2}}), json!({"a": 3}));
    check(
        json!({}),
        json!({"$inc": {"a.b": -2}}),
        json!({"a": {"b": -2}}),
    );
    check(
        json!({"a": 1.5}),
        json!({"$inc": {"a": 1}}),
        json!({"a": 2.5}),
    );
    check(
        json!({"a": 9_007_199_254_740_993_i64}),
        json!({"$inc": {"a": 1}}),
        json!({"a": 9_007_199_254_740_994_i64}),
    );
    check_refused(
        json!({"a": "x"}),
        json!({"$inc": {"a": 1}}),
        "which is a string",
    );
    check_refused(
        json!({"a": null}),
        json!({"$inc": {"a": 1}}),
        "which is null",
    );
    check_refused(
        json!({"a": 1}),
        json!({"$inc": {"a": "1"}}),
        "needs a number, not a string",
    );
    check_refused(
        json!({"a": i64::MIN}),
        json!({"$inc": {"a": -1}}),
        "range of numbers",
    );
    check_refused(
        json!({"a": 1.7e308}),
        json!({"$inc": {"a": 1.7e308}}),
        "range of numbers",
    );
}

#[test]
fn push_appends() {
    check(
        json!({"a": [1]}),
        json!({"$push": {"a": 2}}),
        json!({"a": [1, 2]}),
    );
    check(json!({}), json!({"$push": {"a": [2]}}), json!({"a": [[2]]}));
    check(
        json!({"a": [1]}),
        json!({"$push": {"a": {"$each": [2, 3]}}}),
        json!({"a": [1, 2, 3]}),
    );
    check(
        json!({}),
        json!({"$push": {"a": {"$each": []}}}),
        json!({"a": []}),
    );
    check_refused(
        json!({"a": 1}),
        json!({"$push": {"a": 2}}),
        "which is a number",
    );
    check_refused(
        json!({}),
        json!({"$push": {"a": {"$each": [], "$other": 1}}}),
        "$each $slice $sort $position",
    );
    check_refused(
        json!({}),
        json!({"$push": {"a": {"$each": 1}}}),
        "needs an array",
    );
}

#[test]
fn pull_takes_out_what_matches() {
    check(
        json!({"a": [1, 2, 1.0]}),
        json!({"$pull": {"a": 1}}),
        json!({"a": [2]}),
    );
    check(
        json!({"a": [1, 5, "x"]}),
        json!({"$pull": {"a": {"$gte": 2}}}),
        json!({"a": [1, "x"]}),
    );
    check(
        json!({"a": [1, 2, 3]}),
        json!({"$pull": {"a": {"$in": [1, 3]}}}),
        json!({"a": [2]}),
    );
    check(
        json!({"a": [{"x": 1, "y": 2}, {"x": 2}, 5]}),
        json!({"$pull": {"a": {"x": 1}}}),
        json!({"a": [{"x": 2}, 5]}),
    );
    check(
        json!({"a": [[1], [2], 1]}),
        json!({"$pull": {"a": [1]}}),
        json!({"a": [[2], 1]}),
    );
    check(
        json!({"a": [null, 0]}),
        json!({"$pull": {"a": null}}),
        json!({"a": [0]}),
    );
    check(json!({}), json!({"$pull": {"a": 1}}), json!({}));
    check_refused(
        json!({"a": 1}),
        json!({"$pull": {"a": 1}}),
        "which is a number",
    );
    check_refused(json!({}), json!({"$pull": {"a": {"$foo": 1}}}), "\"$foo\"");
    check_refused(
        json!({}),
        json!({"$pull": {"a": {"$where": 1}}}),
        "not allowed",
    );
}

#[test]
fn a_replacement_keeps_the_id() {
    check(
        json!({"_id": 1, "a": 1}),
        json!({"b": 2}),
        json!({"b": 2, "_id": 1}),
    );
    check(
        json!({"_id": 1, "a": 1}),
        json!({"_id": 1, "b": 2}),
        json!({"_id": 1, "b": 2}),
    );
    check(json!({"_id": 1, "a": 1}), json!({}), json!({"_id": 1}));
    check_refused(json!({"_id": 1}), json!({"_id": 2}), "cannot change");
}

#[test]
fn contradictions_are_refused() {
    check_refused(
        json!({}),
        json!({"$set": {"a": 1}, "b": 1}),
        "mixes operators",
    );
    check_refused(json!({}), json!({"$set": {"a": 1, "a.b": 2}}), "conflict");
    check_refused(
        json!({}),
        json!({"$set": {"a.b": 1}, "$unset": {"a": 1}}),
        "conflict",
    );
    check_refused(
        json!({}),
        json!({"$set": {"a": 1}, "$inc": {"a": 1}}),
        "conflict",
    );
    check_refused(
        json!({}),
        json!({"$set": {"a": 1, "a.b.c": 2, "a-b": 3}}),
        "conflict",
    );
    check_refused(
        json!({}),
        json!({"$foo": {"a": "b"}}),
        "$set $setOnInsert $unset $inc",
    );
    check_refused(json!({}), json!({"$set": 5}), "needs an object");
    check_refused(json!({}), json!([]), "not an array");
    check_refused(json!({}), json!(null), "`entity` is missing");
    check_refused(
        json!({"_id": 1}),
        json!({"$set": {"_id": 2}}),
        "cannot change",
    );
    check_refused(
        json!({"_id": 1}),
        json!({"$unset": {"_id": 1}}),
        "cannot change",
    );
    check_refused(
        json!({"_id": 1}),
        json!({"$inc": {"_id": 1}}),
        "cannot change",
    );
    check(json!({"a": 1}), json!({"$set": {}}), json!({"a": 1}));
    check(
        json!({}),
        json!({"$set": {"ab": 1, "a.b": 2}}),
        json!({"a": {"b": 2}, "ab": 1}),
    );
}

#[test]
fn an_upsert_takes_equalities_from_the_query() {
    check_upserted(
        json!({"a": 1, "b.c": {"$eq": 2}, "d": {"$gt": 1}, "$and": [{"e": null}]}),
        json!({"$inc": {"n": 1, "a": 1}}),
        json!({"a": 2, "b": {"c": 2}, "e": null, "n": 1}),
    );
    check_upserted(
        json!({"_id": 7, "a": 1}),
        json!({"b": 2}),
        json!({"b": 2, "_id": 7}),
    );
    check_upserted(
        json!({"$or": [{"a": 1}]}),
        json!({"$set": {}}),
        json!({"a": 1}),
    );
    check_upserted(
        json!({"$or": [{"a": 1}, {"b": 1}]}),
        json!({"$set": {}}),
        json!({}),
    );
    upserted(&json!({"a": 1, "a.b": 1}), &json!({"$set": {"c": 1}})).unwrap_err();
}

#[test]
fn a_spent_budget_ends_an_update_with_an_error() {
    let before = object(json!({"a": [1, 2, 3]}));
    for update in [
        json!({"$set": {"b": 1}}),
        json!({"$pull": {"a": 2}}),
        json!({"$pull": {"a": {"$gt": 1}}}),
    ] {
        let update = Update::parse(&update).unwrap();
        let occasion = Occasion {
            filter: &Filter::And(Vec::new()),
            now_ms: 0,
            budget: &Budget::spent(),
        };
        let ended = update.apply(&before, occasion);
        assert!(matches!(ended, Err(StoreError::Stopped)), "{ended:?}");
    }
}
