//! More tables of the matcher: types, texts, remainders, and what looks at whole arrays.

use serde_json::json;

use super::*;

#[track_caller]
fn check(filter: Value, matching: &[Value], others: &[Value]) {
    let parsed = Filter::parse(&filter).unwrap();
    for (documents, expected) in [(matching, true), (others, false)] {
        for document in documents {
            let matches = parsed.matches(document.as_object().unwrap());
            assert_eq!(matches, expected, "{filter} on {document}");
        }
    }
}

#[track_caller]
fn check_refused(filter: Value, part_of_message: &str) {
    let error = Filter::parse(&filter).unwrap_err();
    assert!(error.is_callers_fault());
    assert!(error.to_string().contains(part_of_message), "{error}");
}

#[test]
fn types_are_of_the_field_or_of_its_elements() {
    check(
        json!({"a": {"$type": "string"}}),
        &[json!({"a": "x"}), json!({"a": [1, "x"]})],
        &[json!({"a": 1}), json!({}), json!({"a": [["x"]]})],
    );
    check(
        json!({"a": {"$type": ["null", 4]}}),
        &[json!({"a": null}), json!({"a": []})],
        &[json!({}), json!({"a": 1})],
    );
}

#[test]
fn a_regex_is_for_texts() {
    check(
        json!({"a": {"$regex": "^b", "$options": "i"}}),
        &[json!({"a": "Bx"}), json!({"a": [1, "bx"]})],
        &[
            json!({"a": "ab"}),
            json!({"a": 1}),
            json!({}),
            json!({"a": null}),
        ],
    );
    check(
        json!({"a": {"$options": "i", "$regex": "b", "$ne": "b"}}),
        &[json!({"a": "B"})],
        &[json!({"a": "b"})],
    );
    check(
        json!({"a": {"$not": {"$regex": "b"}}}),
        &[json!({"a": "x"}), json!({})],
        &[json!({"a": "b"})],
    );
    // The text of a RegExp is a text.
    check(
        json!({"a": "/b/i"}),
        &[json!({"a": "/b/i"})],
        &[json!({"a": "b"})],
    );
    check_refused(json!({"a": {"$regex": 5}}), "needs a text");
    check_refused(json!({"a": {"$regex": "x", "$options": 5}}), "needs a text");
    check_refused(json!({"a": {"$options": "i"}}), "needs a $regex");
    check_refused(json!({"a": {"$in": [{"$regex": "x"}]}}), "\"$regex\"");
    let many: Vec<Value> = (0..11)
        .map(|n| json!({"a": {"$regex": n.to_string()}}))
        .collect();
    check_refused(json!({ "$or": many }), "10");
}

#[test]
fn remainders_are_of_whole_numbers_cut_towards_zero() {
    check(
        json!({"a": {"$mod": [4, 1]}}),
        &[json!({"a": 5}), json!({"a": 5.9}), json!({"a": [0, 1]})],
        &[
            json!({"a": 4}),
            json!({"a": -3}),
            json!({"a": "5"}),
            json!({}),
            json!({"a": 1e300}),
        ],
    );
    check(
        json!({"a": {"$mod": [-4.9, -1.2]}}),
        &[json!({"a": -5}), json!({"a": -1})],
        &[json!({"a": 5}), json!({"a": u64::MAX})],
    );
    check(
        json!({"a": {"$mod": [-1, 0]}}),
        &[json!({"a": i64::MIN})],
        &[json!({"a": null})],
    );
    for bad in [
        json!([0, 1]),
        json!([1]),
        json!([1, 2, 3]),
        json!(["a", 1]),
        json!(5),
    ] {
        check_refused(json!({"a": {"$mod": bad}}), "[divisor, remainder]");
    }
}

#[test]
fn size_and_all_look_at_the_array() {
    check(
        json!({"a": {"$size": 2}}),
        &[json!({"a": [1, 2]}), json!({"a": [[], []]})],
        &[
            json!({"a": [[1, 2]]}),
            json!({"a": 2}),
            json!({}),
            json!({"a": "xx"}),
        ],
    );
    check(
        json!({"a.b": {"$size": 0.0}}),
        &[json!({"a": [{"b": [1]}, {"b": []}]})],
        &[json!({"a": []})],
    );
    check(
        json!({"a": {"$all": [1, 2]}}),
        &[json!({"a": [2, 3, 1]}), json!({"a": [[1], 2, 1]})],
        &[json!({"a": [1]}), json!({"a": 1}), json!({})],
    );
    check(
        json!({"a": {"$all": [1]}}),
        &[json!({"a": 1})],
        &[json!({"a": 2})],
    );
    check(
        json!({"a": {"$all": [[1, 2]]}}),
        &[json!({"a": [1, 2]}), json!({"a": [[1, 2]]})],
        &[],
    );
    check(
        json!({"a": {"$all": [null]}}),
        &[json!({})],
        &[json!({"a": 1})],
    );
    check(
        json!({"a": {"$all": []}}),
        &[],
        &[json!({"a": []}), json!({})],
    );
    check(
        json!({"a": {"$all": [{"$elemMatch": {"x": 1, "y": 2}}, {"$elemMatch": {"x": 3}}]}}),
        &[json!({"a": [{"x": 3}, {"x": 1, "y": 2}]})],
        &[json!({"a": [{"x": 3}, {"x": 1}, {"y": 2}]})],
    );
    for bad in [json!(1.5), json!(-1), json!("2"), json!(null)] {
        check_refused(json!({"a": {"$size": bad}}), "whole number");
    }
    check_refused(json!({"a": {"$all": 1}}), "needs an array");
    check_refused(
        json!({"a": {"$all": [{"$elemMatch": {}}, 1]}}),
        "the one or the other",
    );
    check_refused(json!({"a": {"$all": [{"$gt": 1}]}}), "\"$gt\"");
}

#[test]
fn elem_match_is_of_one_element() {
    check(
        json!({"a": {"$elemMatch": {"$gt": 1, "$lt": 3}}}),
        &[json!({"a": [0, 2]})],
        &[
            json!({"a": [0, 9]}),
            json!({"a": 2}),
            json!({"a": [[2]]}),
            json!({"a": []}),
        ],
    );
    check(
        json!({"a": {"$elemMatch": {"x": 1, "y": 2}}}),
        &[json!({"a": [5, {"x": 1, "y": [2]}]})],
        &[
            json!({"a": [{"x": 1}, {"y": 2}]}),
            json!({"a": {"x": 1, "y": 2}}),
        ],
    );
    check(
        json!({"a": {"$elemMatch": {"$or": [{"x": 1}, {"y.z": null}]}}}),
        &[
            json!({"a": [{"y": {"z": 1}}, {"x": 1}]}),
            json!({"a": [{}]}),
        ],
        &[json!({"a": [1, {"y": {"z": 1}}]})],
    );
    check(
        json!({"a.b": {"$elemMatch": {"$elemMatch": {"$gt": 1}}}}),
        &[json!({"a": [{"b": [[2]]}]})],
        &[json!({"a": [{"b": [2]}]})],
    );
    check(
        json!({"a": {"$elemMatch": {"$not": {"$gte": 5}, "$ne": 1}}}),
        &[json!({"a": [9, 2]})],
        &[json!({"a": [9, 1]})],
    );
    // An array is the object of its indexes.
    check(
        json!({"a": {"$elemMatch": {"0": 1}}}),
        &[json!({"a": [[1, 2]]})],
        &[json!({"a": [[2, 1]]}), json!({"a": [1]})],
    );
    check(
        json!({"a": {"$elemMatch": {}}}),
        &[json!({"a": [{}]})],
        &[json!({"a": [1]})],
    );
    check_refused(json!({"a": {"$elemMatch": 1}}), "needs an object");
    check_refused(json!({"a": {"$elemMatch": {"$where": 1}}}), "$where");
}

#[test]
fn comments_say_nothing() {
    check(
        json!({"$comment": "x", "a": 1}),
        &[json!({"a": 1})],
        &[json!({})],
    );
    check(
        json!({"a": {"$gt": 1, "$comment": "x"}}),
        &[json!({"a": 2})],
        &[json!({"a": 1})],
    );
}

#[test]
fn the_matched_element_has_an_index() {
    let check = |filter: Value, document: Value, array: &str, expected: Option<usize>| {
        let parsed = Filter::parse(&filter).unwrap();
        let budget = Budget::unlimited();
        let index = parsed.matched_index(document.as_object().unwrap(), &Path::new(array), &budget);
        assert_eq!(index, expected, "{filter} on {document}");
    };
    let numbers = json!({"a": [1, 5, 9], "b": [9, 5]});
    check(json!({"a": 5}), numbers.clone(), "a", Some(1));
    check(json!({"a": {"$gt": 1}}), numbers.clone(), "a", Some(1));
    check(
        json!({"a": {"$elemMatch": {"$gt": 5}}}),
        numbers.clone(),
        "a",
        Some(2),
    );
    check(json!({"a": 9, "b": 5}), numbers.clone(), "a", Some(2));
    check(json!({"b": 5, "a": 9}), numbers.clone(), "b", Some(1));
    check(
        json!({"$or": [{"a": 7}, {"a": 9}]}),
        numbers.clone(),
        "a",
        Some(2),
    );
    check(json!({"a": {"$ne": 7}}), numbers.clone(), "a", None);
    check(json!({"a": {"$size": 3}}), numbers, "a", None);
    let objects = json!({"a": {"b": [{"c": 1}, {"c": [2, 3]}]}});
    check(json!({"a.b.c": 3}), objects.clone(), "a.b", Some(1));
    check(
        json!({"a.b": {"$elemMatch": {"c": 3}}}),
        objects.clone(),
        "a.b",
        Some(1),
    );
    check(
        json!({"a.b": {"$all": [{"c": 1}]}}),
        objects,
        "a.b",
        Some(0),
    );
}

#[test]
fn a_spent_budget_ends_every_kind_of_test() {
    let document = json!({"a": [[1, "x"], {"b": [1]}], "p": [1, 1]});
    for filter in [
        json!({"a": {"$elemMatch": {"$elemMatch": {"$gt": 5}}}}),
        json!({"a": {"$elemMatch": {"b": {"$mod": [2, 0]}}}}),
        json!({"a": {"$regex": "y"}}),
        json!({"p": {"$geoWithin": {"$polygon": [[0, 0], [3, 0], [0, 3]]}}}),
        json!({"p": {"$near": [0, 0]}}),
    ] {
        let budget = Budget::spent();
        let _ = Filter::parse(&filter)
            .unwrap()
            .matches_within(document.as_object().unwrap(), &budget);
        assert!(budget.check().is_err(), "{filter}");
    }
}
