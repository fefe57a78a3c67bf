//! The URL's parameters of a query, as a client sends them or a hook leaves them.

use serde_json::{Map, Value, json};

use crate::fault::{Failure, Fault};
use crate::limits::QUERY_DOCUMENTS_MAX;

/// `query`: JSON in a text, or an object that a hook has put there. None when it is absent.
pub(crate) fn query(params: &Map<String, Value>) -> Result<Option<Map<String, Value>>, Failure> {
    let refuse = |reason: String| Fault::InvalidQuerySyntax.because(reason);
    match params.get("query") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(query)) => Ok(Some(query.clone())),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(Value::Object(query)) => Ok(Some(query)),
            Ok(_) => Err(refuse(
                "the query must be an object, such as {\"n\": 1}".to_owned(),
            )),
            Err(error) => Err(refuse(format!("the query is not JSON: {error}"))),
        },
        Some(_) => Err(refuse(
            "the query must be an object, or the text of one".to_owned(),
        )),
    }
}

/// `sort`, `limit`, `skip` and `fields` as the store's options.
pub(crate) fn find_options(params: &Map<String, Value>) -> Result<Value, Failure> {
    let limit = match count(params, "limit")? {
        // MongoDB's way to say "no limit of mine".
        None | Some(0) => QUERY_DOCUMENTS_MAX,
        Some(limit) => limit.min(QUERY_DOCUMENTS_MAX),
    };
    Ok(json!({
        "sort": json_or(params, "sort", |field| json!({ field: 1 }))?,
        "limit": limit,
        "skip": count(params, "skip")?.unwrap_or(0),
        "fields": fields(params)?,
    }))
}

/// `fields`: names with commas between, or JSON.
pub(crate) fn fields(params: &Map<String, Value>) -> Result<Value, Failure> {
    json_or(params, "fields", |names| {
        names.split(',').map(str::trim).collect::<Vec<_>>().into()
    })
}

/// A parameter that is JSON, or a plain text that `read` understands.
fn json_or(
    params: &Map<String, Value>,
    name: &str,
    read: impl Fn(&str) -> Value,
) -> Result<Value, Failure> {
    match params.get(name) {
        None => Ok(Value::Null),
        Some(Value::String(text)) => match text.trim() {
            "" => Ok(Value::Null),
            json if json.starts_with(['{', '[']) => serde_json::from_str(json).map_err(|error| {
                Fault::InvalidQuerySyntax.because(format!("{name} is not JSON: {error}"))
            }),
            plain => Ok(read(plain)),
        },
        Some(other) => Ok(other.clone()),
    }
}

fn count(params: &Map<String, Value>, name: &str) -> Result<Option<u64>, Failure> {
    let read = match params.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(other) => other.as_u64(),
    };
    read.map(Some).ok_or_else(|| {
        Fault::ParameterValueOutOfRange.because(format!(
            "{name} is {}; it must be a whole number from 0",
            params[name]
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, given: Value, expected: Value) {
        let params = Map::from_iter([(name.to_owned(), given)]);
        assert_eq!(find_options(&params).unwrap()[name], expected);
    }

    #[test]
    fn options_come_as_texts_and_as_json() {
        check("sort", json!("name"), json!({"name": 1}));
        check("sort", json!("{\"a\":-1}"), json!({"a": -1}));
        check("sort", json!({"a": 1}), json!({"a": 1}));
        check("fields", json!("a, b.c"), json!(["a", "b.c"]));
        check("fields", json!("[\"a\"]"), json!(["a"]));
        check("fields", json!(""), Value::Null);
        check("limit", json!("20"), json!(20));
        check("limit", json!(0), json!(QUERY_DOCUMENTS_MAX));
        check("limit", json!("10001"), json!(QUERY_DOCUMENTS_MAX));
        check("skip", json!(3), json!(3));
        check("skip", json!(""), json!(0));
    }
}
