//! More updates as tables: arithmetic, moves, arrays and their elements.

use serde_json::json;

use super::*;

#[track_caller]
fn check_matched(query: Value, before: Value, update: Value, after: Value) {
    let updated = apply_matched(&query, before, &update).unwrap();
    assert_eq!(updated.to_string(), after.to_string(), "{update}");
}

#[test]
fn mul_min_and_max() {
    check(json!({"a": 3}), json!({"$mul": {"a": 4}}), json!({"a": 12}));
    check(
        json!({"a": 3}),
        json!({"$mul": {"a": 0.5}}),
        json!({"a": 1.5}),
    );
    check(
        json!({}),
        json!({"$mul": {"a": 4, "b": 1.5}}),
        json!({"a": 0, "b": 0.0}),
    );
    check_refused(
        json!({"a": "x"}),
        json!({"$mul": {"a": 4}}),
        "$mul needs a number at a",
    );
    check_refused(
        json!({"a": i64::MAX}),
        json!({"$mul": {"a": 4}}),
        "range of numbers",
    );
    check(
        json!({"a": 3}),
        json!({"$min": {"a": 2, "b": 5}}),
        json!({"a": 2, "b": 5}),
    );
    check(json!({"a": 3}), json!({"$min": {"a": 4}}), json!({"a": 3}));
    check(
        json!({"a": 3}),
        json!({"$max": {"a": "x"}}),
        json!({"a": "x"}),
    );
    check(
        json!({"a": null}),
        json!({"$min": {"a": 0}}),
        json!({"a": null}),
    );
    check(
        json!({"a": "2020-01-02"}),
        json!({"$max": {"a": "2020-01-10"}}),
        json!({"a": "2020-01-10"}),
    );
}

#[test]
fn bits() {
    check(
        json!({"a": 13}),
        json!({"$bit": {"a": {"and": 10}}}),
        json!({"a": 8}),
    );
    check(
        json!({"a": 3.0}),
        json!({"$bit": {"a": {"or": 5, "xor": 1}}}),
        json!({"a": 6}),
    );
    check(
        json!({}),
        json!({"$bit": {"a": {"or": 5}}}),
        json!({"a": 5}),
    );
    check_refused(
        json!({"a": 1.5}),
        json!({"$bit": {"a": {"or": 5}}}),
        "whole number",
    );
    for bad in [json!({}), json!(1), json!({"not": 1}), json!({"or": 1.5})] {
        check_refused(json!({}), json!({"$bit": {"a": bad}}), "xor");
    }
}

#[test]
fn rename_moves_a_field_through_objects() {
    check(
        json!({"a": 1, "b": 2}),
        json!({"$rename": {"a": "c"}}),
        json!({"b": 2, "c": 1}),
    );
    check(
        json!({"a": 1, "b": 2}),
        json!({"$rename": {"a": "b"}}),
        json!({"b": 1}),
    );
    check(
        json!({"a": {"b": 1}}),
        json!({"$rename": {"a.b": "c.d"}}),
        json!({"a": {}, "c": {"d": 1}}),
    );
    check(
        json!({"b": 2}),
        json!({"$rename": {"a": "b", "x.y": "z"}}),
        json!({"b": 2}),
    );
    check_refused(
        json!({"a": [1]}),
        json!({"$rename": {"a.0": "b"}}),
        "through an array",
    );
    check_refused(
        json!({"a": 1, "b": []}),
        json!({"$rename": {"a": "b.0"}}),
        "through an array",
    );
    check_refused(json!({}), json!({"$rename": {"a": "a"}}), "conflict");
    check_refused(
        json!({}),
        json!({"$rename": {"a": "b"}, "$set": {"a.c": 1}}),
        "conflict",
    );
    check_refused(json!({}), json!({"$rename": {"a": 1}}), "as a text");
    check_refused(
        json!({}),
        json!({"$rename": {"a.$": "b"}}),
        "through an array",
    );
    check_refused(
        json!({"_id": 1}),
        json!({"$rename": {"_id": "b"}}),
        "cannot change",
    );
}

#[test]
fn current_date_is_an_iso_text() {
    let now = "2014-02-26T19:45:22.211Z";
    let update = json!({"$currentDate": {"a": true, "b.c": {"$type": "timestamp"}}});
    check(json!({}), update, json!({"a": now, "b": {"c": now}}));
    check_refused(
        json!({}),
        json!({"$currentDate": {"a": {"$type": "x"}}}),
        "timestamp",
    );
}

#[test]
fn push_inserts_then_sorts_then_cuts() {
    let push = |modifiers: Value| json!({"$push": {"a": modifiers}});
    let before = json!({"a": [5, 1]});
    check(
        before.clone(),
        push(json!({"$each": [9], "$position": 0})),
        json!({"a": [9, 5, 1]}),
    );
    check(
        before.clone(),
        push(json!({"$position": -1, "$each": [8, 9]})),
        json!({"a": [5, 8, 9, 1]}),
    );
    check(
        before.clone(),
        push(json!({"$each": [9], "$position": 7})),
        json!({"a": [5, 1, 9]}),
    );
    check(
        before.clone(),
        push(json!({"$slice": 2, "$sort": 1, "$each": [3]})),
        json!({"a": [1, 3]}),
    );
    check(
        before.clone(),
        push(json!({"$each": [3], "$slice": -2})),
        json!({"a": [1, 3]}),
    );
    check(
        before.clone(),
        push(json!({"$each": [3], "$slice": 0})),
        json!({"a": []}),
    );
    check(
        before.clone(),
        push(json!({"$each": [], "$sort": -1})),
        json!({"a": [5, 1]}),
    );
    check(
        json!({"a": [{"x": {"y": 2}}, {"x": {"y": 1}, "z": 2}, 7, {"x": {"y": 1}, "z": 1}]}),
        push(json!({"$each": [], "$sort": {"x.y": -1, "z": 1}})),
        json!({"a": [{"x": {"y": 2}}, {"x": {"y": 1}, "z": 1}, {"x": {"y": 1}, "z": 2}, 7]}),
    );
    check(
        json!({}),
        push(json!({"$each": [2, 1], "$sort": 1})),
        json!({"a": [1, 2]}),
    );
}

#[test]
fn a_push_may_have_many_values_or_wrong_modifiers() {
    let push = |modifiers: Value| json!({"$push": {"a": modifiers}});
    let before = json!({"a": [5, 1]});
    check(
        before,
        json!({"$pushAll": {"a": [7, [8]]}}),
        json!({"a": [5, 1, 7, [8]]}),
    );
    for (bad, part) in [
        (json!({"$slice": 1}), "$each"),
        (
            json!({"$each": [], "$slice": 1.5}),
            "whole number for $slice",
        ),
        (
            json!({"$each": [], "$position": "x"}),
            "whole number for $position",
        ),
        (json!({"$each": [], "$sort": 2}), "for $sort"),
        (json!({"$each": [], "$sort": {}}), "for $sort"),
        (json!({"$each": [], "$sort": {"a": "up"}}), "for $sort"),
    ] {
        check_refused(json!({}), push(bad), part);
    }
    let long = json!({"a": vec![0; 500_001]});
    check_refused(
        long,
        push(json!({"$each": [], "$sort": {"x": 1}})),
        "500000",
    );
}

#[test]
fn sets_pops_and_pulls() {
    let before = json!({"a": [1, [2], {"x": 1, "y": 2}]});
    let add = |value: Value| json!({"$addToSet": { "a": value }});
    check(before.clone(), add(json!(1.0)), before.clone());
    check(before.clone(), add(json!({"x": 1, "y": 2})), before.clone());
    check(
        before.clone(),
        add(json!({"$each": [3, 3, [2]]})),
        json!({"a": [1, [2], {"x": 1, "y": 2}, 3]}),
    );
    check(json!({}), add(json!({"$each": [2, 2]})), json!({"a": [2]}));
    check_refused(
        json!({"a": 1}),
        add(json!(1)),
        "$addToSet needs an array at a",
    );
    check_refused(
        json!({}),
        add(json!({"$each": [], "$slice": 1})),
        "there are $each",
    );
    check(
        json!({"a": [1, 2]}),
        json!({"$pop": {"a": 1, "b": 1}}),
        json!({"a": [1]}),
    );
    check(
        json!({"a": [1, 2]}),
        json!({"$pop": {"a": -1}}),
        json!({"a": [2]}),
    );
    check(
        json!({"a": []}),
        json!({"$pop": {"a": -1}}),
        json!({"a": []}),
    );
    check_refused(json!({}), json!({"$pop": {"a": 2}}), "-1 for the first");
    check(
        json!({"a": [1, 2, 1, [1]]}),
        json!({"$pullAll": {"a": [1, 7], "b": [1]}}),
        json!({"a": [2, [1]]}),
    );
    check_refused(json!({}), json!({"$pullAll": {"a": 1}}), "array of values");
    check(
        json!({"a": [{"b": [1, 9]}, {"b": [2]}]}),
        json!({"$pull": {"a": {"b": {"$elemMatch": {"$gt": 5}}}}}),
        json!({"a": [{"b": [2]}]}),
    );
    check(
        json!({"a": ["ab", "b"]}),
        json!({"$pull": {"a": {"$regex": "^a"}}}),
        json!({"a": ["b"]}),
    );
}

#[test]
fn the_matched_element_is_changed() {
    let before = json!({"a": [1, 5, 9], "o": [{"k": 1, "n": 0}, {"k": 2, "n": 0}]});
    check_matched(
        json!({"a": {"$gt": 4}}),
        before.clone(),
        json!({"$set": {"a.$": 0}}),
        json!({"a": [1, 0, 9], "o": [{"k": 1, "n": 0}, {"k": 2, "n": 0}]}),
    );
    check_matched(
        json!({"o.k": 2, "a": 1}),
        before.clone(),
        json!({"$inc": {"o.$.n": 7}, "$push": {"o.$.l": 1}}),
        json!({"a": [1, 5, 9], "o": [{"k": 1, "n": 0}, {"k": 2, "n": 7, "l": [1]}]}),
    );
    let refused = |query, update| apply_matched(&query, before.clone(), &update).unwrap_err();
    let error = refused(json!({}), json!({"$set": {"a.$": 0}}));
    assert!(error.to_string().contains("names none"), "{error}");
    let error = refused(json!({"a": 5}), json!({"$set": {"a.$": 0, "a.1": 0}}));
    assert!(error.to_string().contains("conflict"), "{error}");
    for (path, part) in [
        ("$.a", "before it"),
        ("a.$.b.$", "once"),
        ("a.$[x]", "array filters"),
    ] {
        let error = refused(json!({"a": 5}), json!({"$set": { path: 0 }}));
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn all_elements_are_changed() {
    check(
        json!({"a": [1, 2]}),
        json!({"$inc": {"a.$[]": 1}}),
        json!({"a": [2, 3]}),
    );
    check(
        json!({"a": [{"b": [1, 2]}, {"b": []}]}),
        json!({"$mul": {"a.$[].b.$[]": 2}, "$set": {"a.$[].c": 1}}),
        json!({"a": [{"b": [2, 4], "c": 1}, {"b": [], "c": 1}]}),
    );
    check(
        json!({"a": [1, 2]}),
        json!({"$unset": {"a.$[]": 1}}),
        json!({"a": [null, null]}),
    );
    check_refused(json!({}), json!({"$set": {"a.$[]": 1}}), "which is missing");
    check_refused(
        json!({"a": {}}),
        json!({"$set": {"a.$[].b": 1}}),
        "which is an object",
    );
    check_refused(
        json!({"a": [1]}),
        json!({"$set": {"a.$[].b": 1}}),
        "a field of a number",
    );
    let many = json!({"a": vec![0; 100_000]});
    let update = json!({"$set": {"a.$[]": "x".repeat(1000)}});
    check_refused(many, update, "16777216 bytes");
}

#[test]
fn set_on_insert_is_for_inserted_documents() {
    let update = json!({"$setOnInsert": {"a": 1}, "$set": {"b": 2}});
    check(json!({}), update.clone(), json!({"b": 2}));
    check_upserted(json!({"c": 3}), update, json!({"c": 3, "a": 1, "b": 2}));
    check_upserted(
        json!({"c": {"$all": [3]}}),
        json!({"$push": {"d": 1}}),
        json!({"c": 3, "d": [1]}),
    );
    let error = upserted(&json!({"a": 1}), &json!({"$set": {"a.$": 1}})).unwrap_err();
    assert!(error.to_string().contains("names none"), "{error}");
}

#[test]
fn patterns_of_all_pulls_count_together() {
    let pulls = (0..11).map(|n| (format!("a{n}"), json!({"$regex": "x"})));
    let update = json!({"$pull": pulls.collect::<Map<_, _>>()});
    check_refused(json!({}), update, "10");
}
