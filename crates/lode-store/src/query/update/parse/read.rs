//! Reads the single changes of an update.

use serde_json::{Map, Number, Value};

use super::super::number::integer;
use super::super::{Action, BitOperation, Change, ElementSort, End, Pull, Push};
use crate::StoreError;
use crate::limits::SORT_KEYS_MAX;
use crate::query::Path;
use crate::query::order::type_name;
use crate::query::parse::{Parser, is_operators};

const UPDATE_OPERATORS: &str = "$set $setOnInsert $unset $inc $mul $min $max $rename $push \
     $pushAll $addToSet $pop $pull $pullAll $bit $currentDate";

/// Reads what one operator says about one path.
pub(super) fn change(
    operator: &str,
    text: &str,
    value: &Value,
    parser: &mut Parser<'_>,
) -> Result<Change, StoreError> {
    let path = Path::of_update(text, operator)?;
    let place = Place {
        operator,
        path: text,
    };
    let action = match operator {
        "$set" => Action::Set(value.clone()),
        "$setOnInsert" => Action::SetOnInsert(value.clone()),
        "$unset" => Action::Unset,
        "$inc" => Action::Inc(place.number(value)?),
        "$mul" => Action::Mul(place.number(value)?),
        "$min" => Action::Min(value.clone()),
        "$max" => Action::Max(value.clone()),
        "$rename" => return place.rename(path, value),
        "$push" => Action::Push(place.push(value)?),
        "$pushAll" => Action::Push(Push {
            values: place.values(value)?,
            ..Push::default()
        }),
        "$addToSet" => Action::AddToSet(place.add_to_set(value)?),
        "$pop" => Action::Pop(place.end(value)?),
        "$pull" => Action::Pull(place.pull(value, parser)?),
        "$pullAll" => Action::PullAll(place.values(value)?),
        "$bit" => Action::Bit(place.bits(value)?),
        "$currentDate" => place.current_date(value)?,
        _ => {
            return Err(StoreError::bad_update(format!(
                "{operator:?} is not a supported update operator; supported are {UPDATE_OPERATORS}"
            )));
        }
    };
    Ok(Change { path, action })
}

/// Where in the update something stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    operator: &'a str,
    path: &'a str,
}

impl Place<'_> {
    fn needs(self, what: &str, found: &Value) -> StoreError {
        let Self { operator, path } = self;
        StoreError::bad_update(format!(
            "{operator} of {path:?} needs {what}, not {}",
            match found {
                Value::Number(_) | Value::Bool(_) => found.to_string(),
                Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) =>
                    type_name(found).to_owned(),
            }
        ))
    }

    fn number(self, value: &Value) -> Result<Number, StoreError> {
        match value {
            Value::Number(number) => Ok(number.clone()),
            Value::Null
            | Value::Bool(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => Err(self.needs("a number", value)),
        }
    }

    fn values(self, value: &Value) -> Result<Vec<Value>, StoreError> {
        let values = value.as_array().cloned();
        values.ok_or_else(|| self.needs("an array of values", value))
    }

    fn rename(self, source: Path, value: &Value) -> Result<Change, StoreError> {
        let target = value.as_str();
        let target = target.ok_or_else(|| self.needs("the new path as a text", value))?;
        let path = Path::of_update(target, self.operator)?;
        let is_positional = |path: &Path| path.segments().iter().any(|s| s.is_positional());
        if is_positional(&source) || is_positional(&path) {
            return Err(StoreError::bad_update(format!(
                "$rename of {:?} to {target:?} goes through an array, which it cannot",
                self.path
            )));
        }
        Ok(Change {
            path,
            action: Action::RenameFrom(source),
        })
    }

    fn push(self, value: &Value) -> Result<Push, StoreError> {
        let Some(modifiers) = value.as_object().filter(|object| is_operators(object)) else {
            return Ok(Push {
                values: vec![value.clone()],
                ..Push::default()
            });
        };
        let mut push = Push {
            values: self.each(modifiers)?,
            ..Push::default()
        };
        for (name, value) in modifiers {
            let whole = || {
                let number = integer(value);
                number.ok_or_else(|| self.needs(&format!("a whole number for {name}"), value))
            };
            match name.as_str() {
                "$each" => {}
                "$position" => push.position = Some(whole()?),
                "$slice" => push.slice = Some(whole()?),
                "$sort" => push.sort = Some(self.element_sort(value)?),
                _ => {
                    return Err(self.unknown(name, "$each $slice $sort $position"));
                }
            }
        }
        Ok(push)
    }

    fn unknown(self, name: &str, known: &str) -> StoreError {
        StoreError::bad_update(format!(
            "{} of {:?} has the modifier {name:?}; there are {known}",
            self.operator, self.path
        ))
    }

    fn each(self, modifiers: &Map<String, Value>) -> Result<Vec<Value>, StoreError> {
        match modifiers.get("$each") {
            Some(Value::Array(values)) => Ok(values.clone()),
            Some(_) | None => Err(StoreError::bad_update(format!(
                "$each in the {} of {:?} needs an array, and has to be there when there is any \
                 modifier",
                self.operator, self.path
            ))),
        }
    }

    fn element_sort(self, value: &Value) -> Result<ElementSort, StoreError> {
        let fault = || self.needs("1, -1 or an object of paths with these for $sort", value);
        let descending = |value: &Value| match value.as_f64() {
            Some(1.0) => Ok(false),
            Some(-1.0) => Ok(true),
            Some(_) | None => Err(fault()),
        };
        let Value::Object(paths) = value else {
            return descending(value).map(ElementSort::Whole);
        };
        if paths.is_empty() || paths.len() > SORT_KEYS_MAX {
            return Err(fault());
        }
        let key = |(path, value): (&String, &Value)| {
            Ok((Path::of_field(path, "$sort")?, descending(value)?))
        };
        let keys = paths.iter().map(key).collect::<Result<_, StoreError>>();
        keys.map(ElementSort::Paths)
    }

    fn add_to_set(self, value: &Value) -> Result<Vec<Value>, StoreError> {
        let Some(modifiers) = value.as_object().filter(|object| is_operators(object)) else {
            return Ok(vec![value.clone()]);
        };
        match modifiers.keys().find(|name| *name != "$each") {
            Some(name) => Err(self.unknown(name, "$each")),
            None => self.each(modifiers),
        }
    }

    fn end(self, value: &Value) -> Result<End, StoreError> {
        match value.as_f64() {
            Some(1.0) => Ok(End::Last),
            Some(-1.0) => Ok(End::First),
            Some(_) | None => Err(self.needs("1 for the last or -1 for the first", value)),
        }
    }

    fn pull(self, value: &Value, parser: &mut Parser<'_>) -> Result<Pull, StoreError> {
        match value {
            Value::Object(object) if is_operators(object) => parser
                .element_operators(object, &format!("$pull of {}", self.path))
                .map(Pull::Condition),
            Value::Object(object) => parser.element_filter(object).map(Pull::Filter),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Ok(Pull::Equal(value.clone())),
        }
    }

    fn bits(self, value: &Value) -> Result<Vec<(BitOperation, i64)>, StoreError> {
        let fault = || {
            self.needs(
                "an object such as {\"and\": 6, \"or\": 1, \"xor\": 2}",
                value,
            )
        };
        let operation = |(name, operand): (&String, &Value)| {
            let operation = match name.as_str() {
                "and" => BitOperation::And,
                "or" => BitOperation::Or,
                "xor" => BitOperation::Xor,
                _ => return Err(fault()),
            };
            Ok((operation, integer(operand).ok_or_else(fault)?))
        };
        let operations = value
            .as_object()
            .filter(|operations| !operations.is_empty());
        operations
            .ok_or_else(fault)?
            .iter()
            .map(operation)
            .collect()
    }

    fn current_date(self, value: &Value) -> Result<Action, StoreError> {
        let kind = value.get("$type").and_then(Value::as_str);
        if value.is_boolean() || matches!(kind, Some("date" | "timestamp")) {
            return Ok(Action::CurrentDate);
        }
        Err(self.needs("true, or {\"$type\": \"date\"} (or \"timestamp\")", value))
    }
}
