//! Updates: `$set` and its kin, or a whole new document.

mod apply;
mod parse;
mod upsert;

use serde_json::{Map, Number, Value};

use crate::query::{Condition, Filter, Path};

/// What an update does to a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// Everything but `_id` is replaced.
    Replace(Map<String, Value>),
    /// Single places change, in MongoDB's order: sorted by path.
    Modify(Vec<Change>),
}

/// One change at one path.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    path: Path,
    action: Action,
}

#[derive(Debug, Clone, PartialEq)]
enum Action {
    Set(Value),
    Unset,
    Inc(Number),
    /// Appends all of these.
    Push(Vec<Value>),
    Pull(Pull),
}

/// Which elements `$pull` takes out of an array.
#[derive(Debug, Clone, PartialEq)]
enum Pull {
    /// Those equal to this.
    Equal(Value),
    /// Those for which the operators hold.
    Condition(Condition),
    /// Those objects that match, fields in any order.
    Filter(Filter),
}

#[cfg(test)]
mod tests;
