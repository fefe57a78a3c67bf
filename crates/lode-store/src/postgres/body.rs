//! A document as `jsonb`, for SQL to look into.

use serde_json::{Map, Value};

/// The text of the body when it is another one than the document's own: `jsonb` has no NUL. A
/// text with one is an empty array instead, because every condition lets arrays through to the
/// matcher.
pub(super) fn other_body(text: &str) -> Option<String> {
    // How JSON spells it; a backslash before it makes it something else, which does no harm here.
    if !text.contains("\\u0000") {
        return None;
    }
    let mut fields: Map<String, Value> = serde_json::from_str(text).ok()?;
    fields.values_mut().for_each(without_nul);
    Some(Value::Object(fields).to_string())
}

fn without_nul(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => *value = Value::Array(Vec::new()),
        Value::Array(array) => array.iter_mut().for_each(without_nul),
        Value::Object(fields) => fields.values_mut().for_each(without_nul),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_texts_with_nul_are_replaced() {
        assert_eq!(other_body(r#"{"a":"b"}"#), None);
        assert_eq!(
            other_body(r#"{"a":"x\u0000y","b":[{"c":"\u0000"}],"d":"\\u0000"}"#).unwrap(),
            r#"{"a":[],"b":[{"c":[]}],"d":"\\u0000"}"#
        );
    }
}
