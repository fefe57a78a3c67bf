//! A buffer that sorts documents and keeps only those that can still be asked for.

use serde_json::{Map, Value};

use crate::StoreError;
use crate::budget::Budget;
use crate::limits::BUFFER_BYTES_MAX;
use crate::query::Sort;
use crate::query::sort::SortKey;

/// Bytes of a row apart from its key's values and its text.
const ROW_BYTES: usize = size_of::<Row>();

/// Bytes of an object's field apart from its name and value: about what a map needs for it.
const FIELD_BYTES: usize = 64;

/// Collects documents and gives back those that a `skip` and `limit` select, in order.
///
/// Ties keep the order in which the documents were pushed.
#[derive(Debug)]
pub struct SortBuffer {
    sort: Sort,
    keep: Option<usize>,
    rows: Vec<Row>,
    bytes: usize,
}

#[derive(Debug)]
struct Row {
    key: SortKey,
    text: String,
    /// What it holds in memory, about.
    bytes: usize,
}

impl SortBuffer {
    /// `keep` is how many of the first rows can be asked for.
    pub fn new(sort: Sort, keep: Option<usize>) -> Self {
        Self {
            sort,
            keep,
            rows: Vec::new(),
            bytes: 0,
        }
    }

    /// Takes one more document, with what is to be given back for it; refuses it when the
    /// buffer would hold more than [`BUFFER_BYTES_MAX`].
    pub fn push(&mut self, document: &Map<String, Value>, text: String) -> Result<(), StoreError> {
        self.push_within(document, &text, &Budget::unlimited())
    }

    /// [`SortBuffer::push`] that fails once the budget is spent.
    pub(crate) fn push_within(
        &mut self,
        document: &Map<String, Value>,
        text: &str,
        budget: &Budget,
    ) -> Result<(), StoreError> {
        let key = self.sort.key(document, budget);
        self.push_key(&key, text, budget)
    }

    /// Takes what is to be given back, with what it sorts by.
    pub(crate) fn push_key(
        &mut self,
        key: &[Option<&Value>],
        text: &str,
        budget: &Budget,
    ) -> Result<(), StoreError> {
        budget.check()?;
        if let Some(keep) = self.keep
            // Twice as many: each sort then pays for as many pushes.
            && self.rows.len() > keep.saturating_mul(2).saturating_add(64)
        {
            self.cut(keep);
        }
        // Measured before anything is copied: several keys may lead to one large value. A large
        // value is refused rather than shortened, which would answer in a wrong order.
        let free = BUFFER_BYTES_MAX.saturating_sub(self.bytes);
        let mut bytes = ROW_BYTES + text.len();
        for value in key {
            bytes += size_of::<Option<Value>>();
            if let Some(value) = value {
                add_bytes(value, &mut bytes, free);
            }
        }
        if bytes > free {
            return Err(StoreError::LimitExceeded {
                what: "the memory for sorting".to_owned(),
                limit: format!("{BUFFER_BYTES_MAX} bytes"),
                advice: "give a limit, a query that matches less, or a sort by small values",
            });
        }
        self.bytes += bytes;
        self.rows.push(Row {
            key: key.iter().map(|value| value.cloned()).collect(),
            text: text.to_owned(),
            bytes,
        });
        Ok(())
    }

    /// The rows in order.
    pub fn finish(mut self) -> Vec<String> {
        self.cut(self.keep.unwrap_or(usize::MAX));
        self.rows.into_iter().map(|row| row.text).collect()
    }

    /// Its time is bounded by the bytes that the buffer may hold: a comparison costs no more
    /// than the smaller of its rows.
    fn cut(&mut self, keep: usize) {
        let sort = &self.sort;
        self.rows.sort_by(|a, b| sort.compare(&a.key, &b.key));
        self.rows.truncate(keep);
        self.bytes = self.rows.iter().map(|row| row.bytes).sum();
    }
}

/// Adds what a copy of a value holds in memory apart from the value's own place, about; goes no
/// further once there are more than `enough`.
fn add_bytes(value: &Value, bytes: &mut usize, enough: usize) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => *bytes += text.len(),
        Value::Array(array) => {
            *bytes += size_of_val(array.as_slice());
            for element in array {
                if *bytes > enough {
                    return;
                }
                add_bytes(element, bytes, enough);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                if *bytes > enough {
                    return;
                }
                *bytes += FIELD_BYTES + name.len() + size_of_val(value);
                add_bytes(value, bytes, enough);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Sorts documents and compares with the order of their `n`s.
    #[track_caller]
    fn check(sort: Value, keep: Option<usize>, documents: &[Value], expected: &[i64]) {
        let mut buffer = SortBuffer::new(Sort::parse(&sort).unwrap(), keep);
        for document in documents {
            buffer
                .push(document.as_object().unwrap(), document["n"].to_string())
                .unwrap();
        }
        let expected: Vec<String> = expected.iter().map(i64::to_string).collect();
        assert_eq!(buffer.finish(), expected, "{sort}");
    }

    fn of_all_types() -> Vec<Value> {
        vec![
            json!({"n": 0, "a": true}),
            json!({"n": 1, "a": {}}),
            json!({"n": 2, "a": "x"}),
            json!({"n": 3, "a": 5}),
            json!({"n": 4}),
            json!({"n": 5, "a": null}),
            json!({"n": 6, "a": []}),
            json!({"n": 7, "a": [9, 1]}),
            json!({"n": 8, "a": [[]]}),
        ]
    }

    #[test]
    fn types_sort_in_bson_order_and_ties_keep_theirs() {
        check(
            json!({"a": 1}),
            None,
            &of_all_types(),
            &[6, 4, 5, 7, 3, 2, 1, 8, 0],
        );
        check(
            json!([["a", "desc"]]),
            None,
            &of_all_types(),
            &[0, 8, 1, 2, 7, 3, 4, 5, 6],
        );
        check(
            json!({"zz": -1}),
            None,
            &of_all_types(),
            &[0, 1, 2, 3, 4, 5, 6, 7, 8],
        );
    }

    #[test]
    fn later_keys_break_ties_and_paths_enter_arrays() {
        let documents = [
            json!({"n": 0, "a": {"b": 2}, "c": 1}),
            json!({"n": 1, "a": [{"b": 1}, {"b": 3}]}),
            json!({"n": 2, "a": {"b": 2}, "c": 2}),
        ];
        check(json!({"a.b": 1, "c": -1}), None, &documents, &[1, 2, 0]);
        check(json!(["a.b", "c"]), None, &documents, &[1, 0, 2]);
        check(json!([["a.b", -1]]), None, &documents, &[1, 0, 2]);
        check(json!({"a.1.b": -1}), None, &documents, &[1, 0, 2]);
    }

    #[test]
    fn a_cut_buffer_gives_the_same_first_rows() {
        let documents: Vec<Value> = (0..1000_i64)
            .map(|n| json!({"n": n, "a": (n * 7919) % 100}))
            .collect();
        let mut expected: Vec<i64> = (0..1000).collect();
        expected.sort_by_key(|n| (n * 7919) % 100);
        check(json!({"a": 1}), Some(5), &documents, &expected[..5]);
    }
    #[test]
    fn what_a_sort_keeps_of_the_values_counts_as_its_memory() {
        // 32 paths into one another: each key is the value of almost the whole document.
        let value = json!({"x": vec![0; 100_000]});
        let nested = (0..32).fold(value, |inner, _| json!({ "a": inner }));
        let document = json!({"n": 1, "a": nested});
        let paths = (1..=32).map(|steps| Value::from(vec!["a"; steps].join(".")));
        let sort = Sort::parse(&paths.collect()).unwrap();
        let mut buffer = SortBuffer::new(sort, None);
        let mut push = || buffer.push(document.as_object().unwrap(), String::new());
        // 32 times 3.2 MB are more than 64 MB.
        let error = push().unwrap_err();
        assert_eq!(error.code(), "LimitExceeded");
        assert!(error.to_string().contains("memory for sorting"), "{error}");
        assert_eq!((buffer.bytes, buffer.rows.len()), (0, 0));
    }

    #[test]
    fn what_a_cut_leaves_out_is_free_again() {
        let sort = Sort::parse(&json!(["a"])).unwrap();
        let mut buffer = SortBuffer::new(sort, Some(1));
        let text = "x".repeat(500_000);
        for n in 0..1000 {
            let document = json!({"a": 1000 - n, "text": text});
            buffer
                .push(document.as_object().unwrap(), text.clone())
                .unwrap();
        }
        assert_eq!(buffer.finish().len(), 1);
    }
    #[test]
    fn a_spent_budget_ends_the_search_for_sort_keys() {
        let mut buffer = SortBuffer::new(Sort::parse(&json!(["a.b", "c"])).unwrap(), None);
        let document = json!({"a": [{"b": [1, 2]}], "c": [1]});
        let ended = buffer.push_within(document.as_object().unwrap(), "", &Budget::spent());
        assert!(matches!(ended, Err(StoreError::Stopped)), "{ended:?}");
    }
}
