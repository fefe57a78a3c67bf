//! Laws that hold for every filter and document, whatever the filter means.

use lode_store::query::Filter;
use serde_json::{Map, Value, json};

/// Checks the laws of one query on these documents.
pub fn check(query: &Value, documents: &[Map<String, Value>]) {
    let parsed = Filter::parse(query);
    if !query.is_string() {
        let as_text = Filter::parse(&Value::String(query.to_string()));
        match (&parsed, &as_text) {
            (Ok(filter), Ok(same)) => assert_eq!(filter, same, "{query} as text"),
            (Err(_), Err(_)) => return,
            (_, _) => panic!("{query}: {parsed:?}, as text {as_text:?}"),
        }
    }
    let (Some(query), Ok(filter)) = (as_object(query), parsed) else {
        return;
    };
    let matched: Vec<bool> = documents.iter().map(|d| filter.matches(d)).collect();
    if filter.is_trivial() {
        assert!(!matched.contains(&false), "{query:?} matches all");
    }
    let opposite: Vec<bool> = matched.iter().map(|matched| !matched).collect();
    let nor = json!({"$nor": [query]});
    check_matches(documents, &opposite, &nor);
    check_matches(documents, &matched, &json!({"$and": [query, query]}));
    check_matches(documents, &matched, &json!({"$nor": [nor]}));
    let all = vec![true; documents.len()];
    let none = vec![false; documents.len()];
    check_matches(documents, &all, &json!({"$or": [nor, query]}));
    check_matches(documents, &none, &json!({"$and": [nor, query]}));
    for (path, condition) in query.iter().filter(|(path, _)| !path.starts_with('$')) {
        check_condition(documents, path, condition);
    }
}

/// A query that is an object, or the text of one.
fn as_object(query: &Value) -> Option<Map<String, Value>> {
    match query {
        Value::String(text) => serde_json::from_str(text).ok(),
        Value::Object(object) => Some(object.clone()),
        _ => None,
    }
}

fn check_matches(documents: &[Map<String, Value>], expected: &[bool], query: &Value) {
    // One more level or condition may be one too many.
    if let Ok(filter) = Filter::parse(query) {
        let found: Vec<bool> = documents.iter().map(|d| filter.matches(d)).collect();
        assert_eq!(found, expected, "{query} on {documents:?}");
    }
}

/// `$ne`, `$nin` and `$not` match exactly what their opposites do not; `$in` is an `$or` of `$eq`;
/// "at least" is "more" or "equal".
fn check_condition(documents: &[Map<String, Value>], path: &str, condition: &Value) {
    let operators = condition.as_object().filter(|operators| {
        let mut keys = operators.keys();
        keys.next().is_some_and(|key| key.starts_with('$'))
    });
    let Some(operators) = operators else {
        return;
    };
    for (operator, operand) in operators {
        let same = match operator.as_str() {
            "$ne" => json!({"$nor": [{path: {"$eq": operand}}]}),
            "$nin" => json!({"$nor": [{path: {"$in": operand}}]}),
            "$not" => json!({"$nor": [{path: operand}]}),
            "$gte" => json!({"$or": [{path: {"$gt": operand}}, {path: {"$eq": operand}}]}),
            "$lte" => json!({"$or": [{path: {"$lt": operand}}, {path: {"$eq": operand}}]}),
            "$in" => {
                let list = operand.as_array().cloned().unwrap_or_default();
                let equal = |value: Value| json!({path: {"$eq": value}});
                json!({"$or": list.into_iter().map(equal).collect::<Vec<_>>()})
            }
            _ => continue,
        };
        let one = Filter::parse(&json!({path: {operator: operand}}));
        if let Ok(filter) = one {
            let found: Vec<bool> = documents.iter().map(|d| filter.matches(d)).collect();
            check_matches(documents, &found, &same);
        }
    }
}
