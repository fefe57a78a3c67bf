//! Random documents and what is asked about them.
//!
//! Few names and few values, so that conditions meet fields and values meet one another.

use fastrand::Rng;
use serde_json::{Map, Value, json};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const TEXTS: [&str; 6] = ["", "a", "ab", "b", "B", "ba"];

pub(crate) struct Round {
    pub(crate) documents: Vec<Value>,
    pub(crate) filters: Vec<Value>,
    pub(crate) sorts: Vec<Value>,
    pub(crate) projections: Vec<Value>,
    pub(crate) updates: Vec<Update>,
}

pub(crate) struct Update {
    /// Which document it is tried on.
    pub(crate) document: usize,
    pub(crate) query: Value,
    pub(crate) change: Value,
}

impl Round {
    pub(crate) fn new(seed: u64) -> Self {
        let rng = &mut Rng::with_seed(seed);
        let documents: Vec<Value> = (0..30).map(|id| document(rng, id)).collect();
        Self {
            filters: (0..60).map(|_| filter(rng, 2)).collect(),
            sorts: (0..5).map(|_| sort(rng)).collect(),
            projections: (0..5).map(|_| projection(rng)).collect(),
            updates: (0..60).map(|_| Update::new(rng, &documents)).collect(),
            documents,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let update = |update: &Update| json!({"document": update.document, "query": update.query, "change": update.change});
        json!({
            "documents": self.documents,
            "filters": self.filters,
            "sorts": self.sorts,
            "projections": self.projections,
            "updates": self.updates.iter().map(update).collect::<Vec<_>>(),
        })
    }
}

fn pick<T: Clone>(rng: &mut Rng, values: &[T]) -> T {
    values[rng.usize(..values.len())].clone()
}

fn name(rng: &mut Rng) -> String {
    pick(rng, &NAMES).to_owned()
}

fn path(rng: &mut Rng) -> String {
    let mut path = name(rng);
    if rng.u8(..3) == 0 {
        path = format!("{path}.{}", name(rng));
    }
    if rng.u8(..24) == 0 {
        path = format!("{path}.{}", rng.u8(..2));
    }
    path
}

fn scalar(rng: &mut Rng) -> Value {
    match rng.u8(..10) {
        0 => Value::Null,
        1 => json!(rng.bool()),
        2 => json!(f64::from(rng.u8(..6)) / 2.0),
        3..=6 => json!(i64::from(rng.u8(..6)) - 1),
        _ => json!(pick(rng, &TEXTS)),
    }
}

fn value(rng: &mut Rng, depth: u32) -> Value {
    match rng.u8(..10) {
        0 | 1 if depth > 0 => array(rng, |rng| value(rng, depth - 1)),
        2 if depth > 0 => array(rng, scalar),
        3 | 4 if depth > 0 => Value::Object(object(rng, depth - 1)),
        _ => scalar(rng),
    }
}

fn array(rng: &mut Rng, mut element: impl FnMut(&mut Rng) -> Value) -> Value {
    let length = rng.u8(..4);
    Value::Array((0..length).map(|_| element(rng)).collect())
}

fn object(rng: &mut Rng, depth: u32) -> Map<String, Value> {
    let size = rng.u8(..3);
    (0..size).map(|_| (name(rng), value(rng, depth))).collect()
}

fn document(rng: &mut Rng, id: usize) -> Value {
    let mut document = Map::from_iter([("_id".to_owned(), json!(id))]);
    let size = rng.u8(1..5);
    document.extend((0..size).map(|_| (name(rng), value(rng, 2))));
    Value::Object(document)
}

fn filter(rng: &mut Rng, depth: u32) -> Value {
    let size = rng.u8(1..3);
    let parts = (0..size).map(|_| {
        if depth > 0 && rng.u8(..4) == 0 {
            let operator = pick(rng, &["$and", "$or", "$nor"]);
            let branches = (0..rng.u8(1..3)).map(|_| filter(rng, depth - 1)).collect();
            return (operator.to_owned(), Value::Array(branches));
        }
        (path(rng), condition(rng, depth))
    });
    Value::Object(parts.collect())
}

fn condition(rng: &mut Rng, depth: u32) -> Value {
    if rng.u8(..4) == 0 {
        return value(rng, 1);
    }
    let size = rng.u8(1..3);
    Value::Object((0..size).map(|_| operator(rng, depth)).collect())
}

fn operator(rng: &mut Rng, depth: u32) -> (String, Value) {
    let name = pick(
        rng,
        &[
            "$eq",
            "$ne",
            "$gt",
            "$gte",
            "$lt",
            "$lte",
            "$in",
            "$nin",
            "$all",
            "$exists",
            "$type",
            "$mod",
            "$size",
            "$regex",
            "$not",
            "$elemMatch",
        ],
    );
    let value = match name {
        "$in" | "$nin" | "$all" => array(rng, |rng| value(rng, 1)),
        "$exists" => json!(rng.bool()),
        "$type" => json!(pick(
            rng,
            &["number", "string", "object", "array", "bool", "null"]
        )),
        "$mod" => json!([rng.u8(1..4), rng.u8(..3)]),
        "$size" => json!(rng.u8(..3)),
        "$regex" => json!(pick(rng, &["^a", "b$", "a", "^$", "^[ab]+$", "a|B"])),
        "$not" => Value::Object([operator(rng, depth)].into_iter().collect()),
        "$elemMatch" if depth > 0 && rng.bool() => filter(rng, depth - 1),
        "$elemMatch" => Value::Object([operator(rng, 0)].into_iter().collect()),
        _ => value(rng, 1),
    };
    (name.to_owned(), value)
}

fn sort(rng: &mut Rng) -> Value {
    let mut sort = Map::new();
    for _ in 0..rng.u8(1..3) {
        sort.insert(path(rng), json!(pick(rng, &[1, -1])));
    }
    // Without it the order of equals would be whoever's.
    sort.insert("_id".to_owned(), json!(1));
    Value::Object(sort)
}

fn projection(rng: &mut Rng) -> Value {
    let keep = rng.u8(..2);
    let mut fields = Map::new();
    for _ in 0..rng.u8(1..4) {
        let path = path(rng);
        // One path inside of another is refused by MongoDB, and so by nobody's definition right.
        let inside = |a: &str, b: &str| a == b || a.starts_with(&format!("{b}."));
        if !fields
            .keys()
            .any(|other| inside(other, &path) || inside(&path, other))
        {
            fields.insert(path, json!(keep));
        }
    }
    match rng.u8(..4) {
        0 => fields.insert("_id".to_owned(), json!(0)),
        1 if rng.bool() => {
            fields.clear();
            let slice = pick(
                rng,
                &[json!(1), json!(-1), json!(2), json!([1, 1]), json!([-2, 1])],
            );
            fields.insert(name(rng), json!({ "$slice": slice }))
        }
        1 if !fields.contains_key("d") && !fields.keys().any(|name| name.starts_with("d.")) => {
            let slice = pick(
                rng,
                &[json!(1), json!(-1), json!(2), json!([1, 1]), json!([-2, 1])],
            );
            fields.insert("d".to_owned(), json!({ "$slice": slice }))
        }
        _ => None,
    };
    Value::Object(fields)
}

impl Update {
    fn new(rng: &mut Rng, documents: &[Value]) -> Self {
        let index = rng.usize(..documents.len());
        let document = &documents[index];
        let mut query = json!({ "_id": index });
        let positional = positional(rng, document);
        if let Some((array, condition)) = &positional {
            query[array] = condition.clone();
        }
        let mut change = Map::new();
        let mut taken: Vec<String> = Vec::new();
        for _ in 0..rng.u8(1..3) {
            let (operator, value) = update_operator(rng);
            let path = match (&positional, rng.u8(..12)) {
                (Some((array, _)), 0..=7) => format!("{array}.$"),
                // Mostly a place that suits it, and sometimes any.
                (_, 0..=9) => suitable(rng, operator, document),
                (_, 10) if document["a"].is_array() => "a.$[]".to_owned(),
                _ => path(rng),
            };
            let first = path.split('.').next().unwrap_or_default().to_owned();
            if taken.contains(&first) && rng.u8(..20) > 0 {
                continue;
            }
            taken.push(first);
            change.entry(operator).or_insert_with(|| json!({}))[path] = value;
        }
        Self {
            document: index,
            query,
            change: Value::Object(change),
        }
    }
}

/// An array and a condition that one of its elements meets.
fn positional(rng: &mut Rng, document: &Value) -> Option<(String, Value)> {
    let name = name(rng);
    let array = document[&name]
        .as_array()
        .filter(|array| !array.is_empty())?;
    let element = pick(rng, array);
    match (rng.u8(..4), &element) {
        (0, Value::Number(_) | Value::String(_)) => Some((name, json!({ "$gte": element }))),
        (1, Value::Number(_) | Value::String(_)) => {
            Some((name, json!({"$elemMatch": {"$lte": element}})))
        }
        (2, _) => Some((name, element)),
        _ => None,
    }
}

/// The name of a field of the type that the operator changes, or of none.
fn suitable(rng: &mut Rng, operator: &str, document: &Value) -> String {
    let suits = |name: &&str| match operator {
        "$inc" | "$mul" => document.get(name).is_none_or(Value::is_number),
        "$bit" => document.get(name).is_none_or(|value| value.is_i64()),
        "$push" | "$addToSet" | "$pop" | "$pull" | "$pullAll" => {
            document.get(name).is_none_or(Value::is_array)
        }
        _ => true,
    };
    let names: Vec<&str> = NAMES.into_iter().filter(|name| suits(name)).collect();
    if names.is_empty() {
        return name(rng);
    }
    pick(rng, &names).to_owned()
}

fn update_operator(rng: &mut Rng) -> (&'static str, Value) {
    let name = pick(
        rng,
        &[
            "$set",
            "$unset",
            "$inc",
            "$mul",
            "$min",
            "$max",
            "$rename",
            "$push",
            "$addToSet",
            "$pop",
            "$pull",
            "$pullAll",
            "$bit",
        ],
    );
    let value = match name {
        "$inc" | "$mul" => json!(pick(rng, &[json!(1), json!(-2), json!(1.5)])),
        "$rename" => json!(pick(rng, &["e", "f", "e.f"])),
        "$push" if rng.bool() => push(rng),
        "$addToSet" if rng.bool() => json!({"$each": array(rng, |rng| value(rng, 1))}),
        "$pop" => json!(pick(rng, &[1, -1])),
        "$pull" if rng.bool() => {
            let name = pick(rng, &["$gt", "$lte", "$in"]);
            let operand = if name == "$in" {
                array(rng, scalar)
            } else {
                scalar(rng)
            };
            json!({ name: operand })
        }
        "$pullAll" => array(rng, |rng| value(rng, 1)),
        "$bit" => json!({pick(rng, &["and", "or", "xor"]): rng.u8(..8)}),
        _ => value(rng, 1),
    };
    (name, value)
}

fn push(rng: &mut Rng) -> Value {
    let mut push = json!({"$each": array(rng, scalar)});
    if rng.bool() {
        push["$position"] = json!(rng.i8(-2..3));
    }
    if rng.bool() {
        push["$slice"] = json!(rng.i8(-3..4));
    }
    if rng.u8(..3) == 0 {
        push["$sort"] = json!(pick(rng, &[1, -1]));
    }
    push
}
