//! The matcher as tables: a filter, the documents it matches, and those it does not.

mod operators;

use serde_json::json;

use super::*;

#[track_caller]
fn check(filter: Value, matching: &[Value], others: &[Value]) {
    let parsed = Filter::parse(&filter).unwrap();
    for document in matching {
        assert!(
            parsed.matches(document.as_object().unwrap()),
            "{filter} should match {document}"
        );
    }
    for document in others {
        assert!(
            !parsed.matches(document.as_object().unwrap()),
            "{filter} matches {document}"
        );
    }
}

#[track_caller]
fn check_refused(filter: Value, code: &str, part_of_message: &str) {
    let error = Filter::parse(&filter).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(part_of_message), "{error}");
}

#[test]
fn equality_is_by_value_and_enters_arrays() {
    check(
        json!({"a": 1}),
        &[json!({"a": 1}), json!({"a": 1.0}), json!({"a": [2, 1]})],
        &[
            json!({"a": "1"}),
            json!({"a": true}),
            json!({"a": [[1]]}),
            json!({}),
            json!({"a": null}),
        ],
    );
    check(
        json!({"a": {"$eq": "x"}}),
        &[json!({"a": "x"}), json!({"a": ["x"]})],
        &[json!({"a": "X"}), json!({"a": {"x": "x"}})],
    );
    check(
        json!({"a": true}),
        &[json!({"a": true})],
        &[json!({"a": 1}), json!({"a": false})],
    );
    check(json!({}), &[json!({}), json!({"a": 1})], &[]);
}

#[test]
fn whole_objects_and_arrays_are_equal_in_order() {
    check(
        json!({"a": {"x": 1, "y": 2}}),
        &[
            json!({"a": {"x": 1, "y": 2}}),
            json!({"a": [{"x": 1.0, "y": 2}]}),
        ],
        &[
            json!({"a": {"y": 2, "x": 1}}),
            json!({"a": {"x": 1}}),
            json!({"a": {"x": 1, "y": 2, "z": 3}}),
        ],
    );
    check(
        json!({"a": {}}),
        &[json!({"a": {}})],
        &[json!({"a": {"b": 1}}), json!({})],
    );
    check(
        json!({"a": [1, 2]}),
        &[json!({"a": [1, 2]}), json!({"a": [[1, 2], 3]})],
        &[
            json!({"a": [2, 1]}),
            json!({"a": [1, 2, 3]}),
            json!({"a": 1}),
        ],
    );
    check(
        json!({"a": []}),
        &[json!({"a": []}), json!({"a": [[]]})],
        &[json!({"a": [1]}), json!({})],
    );
}

#[test]
fn null_matches_missing() {
    check(
        json!({"a": null}),
        &[json!({}), json!({"a": null}), json!({"a": [1, null]})],
        &[
            json!({"a": 0}),
            json!({"a": []}),
            json!({"a": false}),
            json!({"a": ""}),
        ],
    );
    check(
        json!({"a.b": null}),
        &[
            json!({}),
            json!({"a": 5}),
            json!({"a": {}}),
            json!({"a": [{"b": 1}, {}]}),
        ],
        &[
            json!({"a": []}),
            json!({"a": [1, 2]}),
            json!({"a": [{"b": 1}]}),
        ],
    );
    check(
        json!({"a": {"$ne": null}}),
        &[json!({"a": 0}), json!({"a": []})],
        &[json!({}), json!({"a": null})],
    );
    check(
        json!({"a": {"$gte": null}}),
        &[json!({}), json!({"a": null})],
        &[json!({"a": 1})],
    );
    check(
        json!({"a": {"$lte": null}}),
        &[json!({}), json!({"a": null})],
        &[json!({"a": 1})],
    );
    check(
        json!({"a": {"$gt": null}}),
        &[],
        &[json!({}), json!({"a": null}), json!({"a": 1})],
    );
}

#[test]
fn comparisons_stay_within_a_type() {
    check(
        json!({"a": {"$gt": 5}}),
        &[json!({"a": 6}), json!({"a": 5.1}), json!({"a": [1, 9]})],
        &[
            json!({"a": 5}),
            json!({"a": "9"}),
            json!({"a": true}),
            json!({}),
            json!({"a": [[9]]}),
            json!({"a": {"b": 9}}),
        ],
    );
    check(
        json!({"a": {"$gte": 5}}),
        &[json!({"a": 5.0})],
        &[json!({"a": 4})],
    );
    check(
        json!({"a": {"$lt": 5}}),
        &[json!({"a": -1})],
        &[json!({"a": null}), json!({}), json!({"a": 5})],
    );
    check(
        json!({"a": {"$lt": "b"}}),
        &[json!({"a": "a"}), json!({"a": "B"}), json!({"a": ""})],
        &[json!({"a": "b"}), json!({"a": 1})],
    );
    check(
        json!({"a": {"$gt": false}}),
        &[json!({"a": true})],
        &[json!({"a": false}), json!({"a": 1})],
    );
    check(
        json!({"a": {"$gt": {"b": 1}}}),
        &[json!({"a": {"b": 2}}), json!({"a": {"c": 1}})],
        &[json!({"a": {"b": 1}}), json!({"a": 7})],
    );
    check(
        json!({"a": {"$gt": [1]}}),
        &[json!({"a": [2]}), json!({"a": [1, 0]})],
        &[json!({"a": [1]}), json!({"a": 5})],
    );
}

#[test]
fn one_array_may_satisfy_each_operator_with_another_element() {
    check(
        json!({"a": {"$gt": 1, "$lt": 3}}),
        &[json!({"a": 2}), json!({"a": [0, 9]})],
        &[json!({"a": 3}), json!({"a": [0]}), json!({"a": []})],
    );
    check(
        json!({"a": {"$gte": 1, "$ne": 2}}),
        &[json!({"a": 1}), json!({"a": [1]})],
        &[json!({"a": [1, 2]})],
    );
}

#[test]
fn negations_are_of_the_whole() {
    check(
        json!({"a": {"$ne": 1}}),
        &[
            json!({}),
            json!({"a": 2}),
            json!({"a": "1"}),
            json!({"a": []}),
        ],
        &[json!({"a": 1}), json!({"a": [2, 1]})],
    );
    check(
        json!({"a": {"$nin": [1, null]}}),
        &[json!({"a": 2})],
        &[json!({}), json!({"a": [2, 1]}), json!({"a": null})],
    );
    check(
        json!({"a": {"$not": {"$gt": 5}}}),
        &[json!({}), json!({"a": 5}), json!({"a": "x"})],
        &[json!({"a": 6}), json!({"a": [1, 6]})],
    );
    check(
        json!({"a": {"$not": {"$gt": 1, "$lt": 3}}}),
        &[json!({"a": 3}), json!({})],
        &[json!({"a": 2})],
    );
    check(
        json!({"a": {"$not": {"$not": {"$eq": 1}}}}),
        &[json!({"a": 1})],
        &[json!({"a": 2})],
    );
}

#[test]
fn in_is_equality_with_any() {
    check(
        json!({"a": {"$in": [3, "x", [1, 2], {"k": 1}]}}),
        &[
            json!({"a": 3.0}),
            json!({"a": ["x"]}),
            json!({"a": [1, 2]}),
            json!({"a": {"k": 1}}),
        ],
        &[
            json!({"a": 1}),
            json!({"a": [2, 1]}),
            json!({}),
            json!({"a": {"k": 1, "l": 1}}),
        ],
    );
    check(
        json!({"a": {"$in": [null]}}),
        &[json!({}), json!({"a": null})],
        &[json!({"a": 1})],
    );
    check(
        json!({"a": {"$in": []}}),
        &[],
        &[json!({}), json!({"a": 1})],
    );
    check(
        json!({"a": {"$nin": []}}),
        &[json!({}), json!({"a": 1})],
        &[],
    );
}

#[test]
fn exists_counts_null_as_there() {
    let there = [json!({"a": null}), json!({"a": 0}), json!({"a": []})];
    for truth in [json!(true), json!(1), json!("")] {
        check(
            json!({"a": {"$exists": truth}}),
            &there,
            &[json!({}), json!({"b": 1})],
        );
    }
    for falsehood in [json!(false), json!(0), json!(null)] {
        check(json!({"a": {"$exists": falsehood}}), &[json!({})], &there);
    }
    check(
        json!({"a.b": {"$exists": true}}),
        &[json!({"a": [1, {"b": 1}]})],
        &[json!({"a": [1]}), json!({"a": 1})],
    );
}

#[test]
fn filters_join() {
    let abc = [
        json!({"a": 1, "b": 1}),
        json!({"a": 1, "b": 2}),
        json!({"a": 2, "b": 2}),
    ];
    let [both, first, none] = abc;
    check(
        json!({"a": 1, "b": 1}),
        std::slice::from_ref(&both),
        &[first.clone(), none.clone()],
    );
    check(
        json!({"$and": [{"a": 1}, {"b": 1}]}),
        std::slice::from_ref(&both),
        &[first.clone(), none.clone()],
    );
    check(
        json!({"$or": [{"a": 1}, {"b": 1}]}),
        &[both.clone(), first.clone()],
        std::slice::from_ref(&none),
    );
    check(
        json!({"$nor": [{"a": 1}, {"b": 1}]}),
        std::slice::from_ref(&none),
        &[both.clone(), first.clone()],
    );
    check(
        json!({"a": 1, "$or": [{"b": 2}, {"b": 3}]}),
        &[first],
        &[both, none],
    );
}

#[test]
fn paths_with_indexes() {
    check(
        json!({"a.0": 1}),
        &[json!({"a": [1, 2]}), json!({"a": {"0": 1}})],
        &[json!({"a": [2, 1]}), json!({"a": [[1]]})],
    );
    check(
        json!({"a.1.b": 2}),
        &[json!({"a": [{"b": 1}, {"b": 2}]})],
        &[json!({"a": [{"b": 2}, {"b": 1}]})],
    );
    check(
        json!({"a.b.c": 1}),
        &[json!({"a": [{"b": [{"c": 1}]}]})],
        &[json!({"a": [[{"b": {"c": 1}}]]})],
    );
}

#[test]
fn a_query_may_come_as_text() {
    check(
        json!("{\"a\": {\"$gt\": 1}}"),
        &[json!({"a": 2})],
        &[json!({"a": 1})],
    );
    check_refused(json!("{a: 1}"), "BadQuery", "not JSON");
    check_refused(json!("[1]"), "BadQuery", "not an array");
    check_refused(
        json!("{\"$where\": \"1\"}"),
        "DisallowedQuerySyntax",
        "$where",
    );
}

#[test]
fn what_would_be_answered_wrongly_is_refused() {
    check_refused(json!(null), "MissingRequiredParameter", "`query`");
    check_refused(json!(5), "BadQuery", "not a number");
    check_refused(
        json!({"a": [{"$where": 1}]}),
        "DisallowedQuerySyntax",
        "$where",
    );
    check_refused(
        json!({"$or": [{"$query": {}}]}),
        "DisallowedQuerySyntax",
        "$query",
    );
    check_refused(
        json!({"a": {"$slice": 1}}),
        "BadQuery",
        "\"$slice\" in the condition on \"a\"",
    );
    check_refused(json!({"$text": {}}), "BadQuery", "\"$text\" in the query");
    check_refused(json!({"a": {"$gt": 1, "b": 2}}), "BadQuery", "\"b\"");
    check_refused(json!({"a": {"b": 1, "$gt": 2}}), "BadQuery", "\"$gt\"");
    check_refused(json!({"a": [{"$gt": 2}]}), "BadQuery", "\"$gt\"");
    check_refused(json!({"a": {"$in": [{"$gt": 2}]}}), "BadQuery", "\"$gt\"");
    check_refused(json!({"a": {"$in": 5}}), "BadQuery", "needs an array");
    check_refused(json!({"a": {"$not": 5}}), "BadQuery", "use $ne");
    check_refused(json!({"a": {"$not": {}}}), "BadQuery", "$not");
    check_refused(json!({"$and": []}), "BadQuery", "non-empty array");
    check_refused(json!({"$or": [1]}), "BadQuery", "non-empty array");
    check_refused(json!({"$nor": {"a": 1}}), "BadQuery", "non-empty array");
    check_refused(json!({"a": {"$or": [{"b": 1}]}}), "BadQuery", "\"$or\"");
    let deep = (0..200).fold(json!(1), |inner, _| json!({ "a": inner }));
    check_refused(deep, "LimitExceeded", "100 levels");
    let wide: Vec<Value> = (0..2000).map(|n| json!({ "a": n })).collect();
    check_refused(json!({ "$or": wide }), "LimitExceeded", "1000");
}
