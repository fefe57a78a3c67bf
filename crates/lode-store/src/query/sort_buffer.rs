//! A buffer that sorts documents and keeps only those that can still be asked for.

use serde_json::{Map, Value};

use crate::StoreError;
use crate::limits::BUFFER_BYTES_MAX;
use crate::query::Sort;
use crate::query::sort::SortKey;

/// Collects documents and gives back those that a `skip` and `limit` select, in order.
///
/// Ties keep the order in which the documents were pushed.
#[derive(Debug)]
pub struct SortBuffer {
    sort: Sort,
    keep: Option<usize>,
    rows: Vec<(SortKey, String)>,
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

    /// Takes one more document, with what is to be given back for it.
    pub fn push(&mut self, document: &Map<String, Value>, text: String) -> Result<(), StoreError> {
        self.bytes += text.len();
        self.rows.push((self.sort.key(document), text));
        if let Some(keep) = self.keep
            // Twice as many: each sort then pays for as many pushes.
            && self.rows.len() > keep.saturating_mul(2).saturating_add(64)
        {
            self.cut(keep);
        }
        if self.bytes > BUFFER_BYTES_MAX {
            return Err(StoreError::LimitExceeded {
                what: "the memory for sorting".to_owned(),
                limit: format!("{BUFFER_BYTES_MAX} bytes"),
                advice: "give a limit, or a query that matches less",
            });
        }
        Ok(())
    }

    /// The rows in order.
    pub fn finish(mut self) -> Vec<String> {
        self.cut(self.keep.unwrap_or(usize::MAX));
        self.rows.into_iter().map(|(_, text)| text).collect()
    }

    fn cut(&mut self, keep: usize) {
        let sort = &self.sort;
        self.rows.sort_by(|(a, _), (b, _)| sort.compare(a, b));
        self.rows.truncate(keep);
        self.bytes = self.rows.iter().map(|(_, text)| text.len()).sum();
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
}
