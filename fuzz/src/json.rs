//! Mutations of a JSON text that leave it JSON.

use fastrand::Rng;
use serde_json::{Map, Value};

use crate::words::Words;

/// Strings that are hard on whoever cuts, compares or escapes them.
const STRINGS: &[&str] = &[
    "", " ", "\u{0}", "\n", "\"", "\\", "é", "😀", "\u{ffff}", "\u{2028}", "null", "-1",
];
/// Numbers at the ends of ranges, as JSON.
const NUMBERS: &[&str] = &[
    "0",
    "-0.0",
    "1",
    "-1",
    "2",
    "0.5",
    "255",
    "65536",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "1e308",
    "1e-320",
];

/// `text` after one to three mutations; `None` if it is no JSON.
pub fn mutated(text: &[u8], words: &Words, rng: &mut Rng) -> Option<Vec<u8>> {
    let mut root: Value = serde_json::from_slice(text).ok()?;
    for _ in 0..=rng.u8(..3) {
        let donor = any_of(&mut root, rng).clone();
        let place = any_of(&mut root, rng);
        change(place, donor, words, rng);
    }
    serde_json::to_vec(&root).ok()
}

/// `text` with some value of `other` put somewhere; `None` if one of them is no JSON.
pub fn crossed(text: &[u8], other: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
    let mut root: Value = serde_json::from_slice(text).ok()?;
    let mut other: Value = serde_json::from_slice(other).ok()?;
    let donor = any_of(&mut other, rng).clone();
    let place = any_of(&mut root, rng);
    match place {
        Value::Array(array) if rng.bool() => array.insert(rng.usize(..=array.len()), donor),
        Value::Object(object) if rng.bool() => match (donor, any_key(object, rng)) {
            (Value::Object(fields), _) => object.extend(fields),
            (donor, Some(key)) => drop(object.insert(key, donor)),
            (_, None) => {}
        },
        _ => *place = donor,
    }
    serde_json::to_vec(&root).ok()
}

/// The value itself or one of those in it, each as likely.
fn any_of<'a>(root: &'a mut Value, rng: &mut Rng) -> &'a mut Value {
    let mut index = rng.usize(..size(root));
    let mut place = root;
    // Goes down into the child that holds the place with this number, counted in the order of
    // the text.
    while index > 0 {
        index -= 1;
        let children: Box<dyn Iterator<Item = &'a mut Value>> = match place {
            Value::Array(array) => Box::new(array.iter_mut()),
            Value::Object(object) => Box::new(object.values_mut()),
            _ => unreachable!("a scalar has one place"),
        };
        let mut inside = None;
        for child in children {
            let size = size(child);
            if index < size {
                inside = Some(child);
                break;
            }
            index -= size;
        }
        place = inside.expect("the number is less than the size");
    }
    place
}

/// How many values there are, the value itself included.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(array) => array.iter().map(size).sum(),
        Value::Object(object) => object.values().map(size).sum::<usize>(),
        _ => 0,
    }
}

fn change(place: &mut Value, donor: Value, words: &Words, rng: &mut Rng) {
    match (rng.u8(..10), place) {
        (0, place) => *place = donor,
        (1, place) => *place = scalar(words, rng),
        (2, place) => *place = word(words.values, rng),
        (3, place) => *place = wrapped(place.take(), words, rng),
        (_, Value::Array(array)) => change_array(array, donor, words, rng),
        (_, Value::Object(object)) => change_object(object, donor, words, rng),
        (_, Value::String(text)) => change_string(text, words, rng),
        (_, Value::Number(number)) => {
            if let Value::Number(other) = nudged(number, rng) {
                *number = other;
            }
        }
        (_, place) => *place = scalar(words, rng),
    }
}

fn change_array(array: &mut Vec<Value>, donor: Value, words: &Words, rng: &mut Rng) {
    let at = rng.usize(..=array.len());
    match rng.u8(..5) {
        0 if at < array.len() => drop(array.remove(at)),
        1 if at < array.len() => array.insert(at, array[at].clone()),
        2 if at < array.len() => {
            let other = rng.usize(..array.len());
            array.swap(at, other);
        }
        3 => array.insert(at, donor),
        _ => array.insert(at, scalar(words, rng)),
    }
}

fn change_object(object: &mut Map<String, Value>, donor: Value, words: &Words, rng: &mut Rng) {
    let known = any_key(object, rng);
    let name = words.keys[rng.usize(..words.keys.len())].to_owned();
    match (rng.u8(..6), known) {
        (0, Some(key)) => drop(object.shift_remove(&key)),
        (1, Some(key)) => {
            // Renamed: everything behind it moves up, and it comes last.
            let value = object.shift_remove(&key).unwrap_or_default();
            object.insert(name, value);
        }
        (2, Some(key)) => {
            let value = object[&key].clone();
            object.insert(name, value);
        }
        (3, _) => drop(object.insert(name, donor)),
        (4, _) => drop(object.insert(name, word(words.values, rng))),
        _ => drop(object.insert(name, scalar(words, rng))),
    }
}

fn change_string(text: &mut String, words: &Words, rng: &mut Rng) {
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let at = ends.get(rng.usize(..=ends.len())).copied();
    let at = at.unwrap_or(text.len());
    match rng.u8(..6) {
        0 => text.truncate(at),
        1 => drop(text.drain(..at)),
        2 => text.insert_str(at, string(words, rng)),
        3 => text.insert(at, rng.char(..)),
        4 if text.len() < 300 => *text = text.repeat(rng.usize(2..40)),
        _ => string(words, rng).clone_into(text),
    }
}

/// The value inside a new array or object.
fn wrapped(value: Value, words: &Words, rng: &mut Rng) -> Value {
    if rng.bool() {
        return Value::Array(vec![value]);
    }
    let key = words.keys[rng.usize(..words.keys.len())].to_owned();
    Value::Object(Map::from_iter([(key, value)]))
}

fn nudged(number: &serde_json::Number, rng: &mut Rng) -> Value {
    let step = rng.i64(-2..=2);
    match (number.as_i64(), number.as_f64(), rng.u8(..4)) {
        (_, _, 0) => word(NUMBERS, rng),
        (_, Some(float), 1) => Value::from(float),
        (_, Some(float), 2) => Value::from(-float),
        (Some(integer), _, _) => Value::from(integer.wrapping_add(step)),
        (None, Some(float), _) if step > 0 => Value::from(float.next_up()),
        (None, Some(float), _) => Value::from(float.next_down()),
        (None, None, _) => Value::Null,
    }
}

fn scalar(words: &Words, rng: &mut Rng) -> Value {
    match rng.u8(..8) {
        0 => Value::Null,
        1 => Value::Bool(rng.bool()),
        2 => Value::from(rng.i64(-3..=3)),
        3 => word(NUMBERS, rng),
        4 => Value::Array(Vec::new()),
        5 => Value::Object(Map::new()),
        _ => Value::from(string(words, rng)),
    }
}

fn string(words: &Words, rng: &mut Rng) -> &'static str {
    let list = if rng.bool() { words.strings } else { STRINGS };
    list[rng.usize(..list.len())]
}

fn word(list: &[&str], rng: &mut Rng) -> Value {
    serde_json::from_str(list[rng.usize(..list.len())]).expect("the words are JSON")
}

fn any_key(object: &Map<String, Value>, rng: &mut Rng) -> Option<String> {
    let index = rng.usize(..object.len().max(1));
    object.keys().nth(index).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{FRAMES, JOBS, QUERIES};

    #[test]
    fn a_mutation_is_json_again_and_nearly_always_another() {
        let text = br#"{"a":[1,2.5,{"b":"x"}],"c":null,"d":{"e":"long enough"}}"#;
        let mut same = 0;
        for seed in 0..2_000 {
            let mut rng = Rng::with_seed(seed);
            let words = [&JOBS, &FRAMES, &QUERIES][rng.usize(..3)];
            let made = mutated(text, words, &mut rng).unwrap();
            let crossed = crossed(text, &made, &mut rng).unwrap();
            serde_json::from_slice::<Value>(&made).unwrap();
            serde_json::from_slice::<Value>(&crossed).unwrap();
            same += usize::from(made == text);
        }
        assert!(same < 100, "{same} of 2000 mutations changed nothing");
    }

    #[test]
    fn every_value_is_a_place() {
        let mut root: Value = serde_json::from_str(r#"{"a":[1,{"b":2}],"c":3}"#).unwrap();
        let mut seen: Vec<String> = (0..500)
            .map(|seed| any_of(&mut root, &mut Rng::with_seed(seed)).to_string())
            .collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), size(&root));
    }

    #[test]
    fn what_is_no_json_is_left_to_the_other_mutator() {
        assert_eq!(mutated(b"{", &JOBS, &mut Rng::with_seed(1)), None);
    }
}
