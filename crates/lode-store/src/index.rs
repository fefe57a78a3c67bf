//! An index on a path of a collection, and which paths may have one.

use crate::StoreError;
use crate::limits::{PUSHDOWN_PATH_BYTES_MAX, PUSHDOWN_STEPS_MAX};
use crate::query::Path;

/// An index: finds by equality, by `$in` and by comparison on its path are answered from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Where.
    pub collection: String,
    /// Of which field.
    pub path: String,
}

impl Index {
    /// Refuses paths that no index may have.
    pub(crate) fn check(&self) -> Result<Path, StoreError> {
        crate::query::check_collection(&self.collection)?;
        let path = Path::of_field(&self.path, "an index")?;
        let strange = |c: char| c == '"' || c == '\\' || c.is_control();
        let fault = if path.as_str() == "_id" {
            "_id has an index already".to_owned()
        } else if path.segments().len() > PUSHDOWN_STEPS_MAX
            || self.path.len() > PUSHDOWN_PATH_BYTES_MAX
        {
            format!("it may have {PUSHDOWN_STEPS_MAX} steps and {PUSHDOWN_PATH_BYTES_MAX} bytes")
        } else if path.segments().iter().any(|step| step.index.is_some()) {
            "an index of an array must not be a step".to_owned()
        } else if self.path.contains(strange) {
            "it must not contain quotes, backslashes and control characters".to_owned()
        } else {
            return Ok(path);
        };
        Err(StoreError::BadName(format!(
            "an index on the path {:?} is not possible: {fault}",
            self.path
        )))
    }
}
