//! `geoNear`: a find by distance from a point in Kinvey's field for places.

use serde_json::{Map, Value, json};

use crate::StoreError;
use crate::budget::Budget;
use crate::query::{DistanceField, Fields, Filter, FindOptions, Reach};

/// Where Kinvey keeps an entity's place.
const PLACE: &str = "_geoloc";

/// How many documents there are without a limit, as MongoDB has it.
const LIMIT: usize = 100;

/// The find that a `geoNear` stands for.
pub(super) fn as_find(
    x: &Value,
    y: &Value,
    options: &Value,
    budget: &Budget,
) -> Result<(Filter, FindOptions), StoreError> {
    for (parameter, value) in [("x", x), ("y", y)] {
        if value.is_null() {
            return Err(StoreError::MissingRequiredParameter {
                parameter,
                allowed: "a number",
            });
        }
    }
    let get = |key: &str| options.get(key).filter(|value| !value.is_null());
    let spherical = flag("spherical", get("spherical"))?;
    let operator = if spherical { "$nearSphere" } else { "$near" };
    let mut near = json!({ operator: [x, y] });
    for (name, bound) in [
        ("maxDistance", "$maxDistance"),
        ("minDistance", "$minDistance"),
    ] {
        if let Some(value) = get(name) {
            near[bound] = value.clone();
        }
    }
    let none = json!({});
    let query = get("query").unwrap_or(&none);
    // Together, so that a second `$near` is refused; the text of a query is a query as well.
    let query = match query {
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| query.clone()),
        Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            query.clone()
        }
    };
    let filter = Filter::parse_within(&json!({"$and": [query, { PLACE: near }]}), budget)?;
    let limit = get("limit")
        .or_else(|| get("num"))
        .cloned()
        .unwrap_or(Value::Null);
    let mut find = FindOptions::parse(&json!({ "limit": limit }))?;
    find.limit = find.limit.or(Some(LIMIT));
    find.distance_field = DistanceField::parse(get("distanceField"), get("distanceMultiplier"))?;
    Ok((filter, find))
}

fn flag(name: &str, value: Option<&Value>) -> Result<bool, StoreError> {
    match value {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(other) => Err(StoreError::bad_query(format!(
            "the option {name} is {other}; it must be true or false"
        ))),
    }
}

/// How far the document's nearest place is from where the filter says; means nothing once the
/// budget is spent.
pub(super) fn distance(
    filter: &Filter,
    document: &Map<String, Value>,
    budget: &Budget,
) -> Option<f64> {
    let (path, near) = filter.near()?;
    let mut least: Option<f64> = None;
    path.any(
        Fields::Object(document),
        Reach::Elements,
        budget,
        &mut |value| {
            let distance = value.and_then(|value| near.distance(value));
            least = match (least, distance) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            false
        },
    );
    least
}
