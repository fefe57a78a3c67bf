//! The text of a reply, built up to its limit.

use crate::StoreError;
use crate::limits::RESULT_BYTES_MAX;

/// JSON texts joined into one array, or a single one.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    json: String,
    is_array: bool,
}

impl Texts {
    pub(crate) fn array() -> Self {
        Self {
            json: "[".to_owned(),
            is_array: true,
        }
    }

    /// One text, or this when there is none.
    pub(crate) fn single_or(self, absent: &str) -> String {
        if self.json.is_empty() {
            absent.to_owned()
        } else {
            self.json
        }
    }

    pub(crate) fn push(&mut self, text: &str) -> Result<(), StoreError> {
        if self.json.len() + text.len() + 2 > RESULT_BYTES_MAX {
            return Err(StoreError::LimitExceeded {
                what: "the result".to_owned(),
                limit: format!("{RESULT_BYTES_MAX} bytes"),
                advice: "give a limit, or name the wanted fields",
            });
        }
        if self.json.len() > 1 {
            self.json.push(',');
        }
        self.json.push_str(text);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> String {
        if self.is_array {
            self.json.push(']');
        }
        self.json
    }
}
