//! Updates: `$set` and its kin, or a whole new document.
//!
//! Known difference: two changes of one update that meet in the same place only through `$[]`
//! are carried out one after the other, where MongoDB reports a conflict.

mod apply;
mod array;
mod number;
mod parse;
mod place;
mod upsert;

use serde_json::{Map, Number, Value};

use crate::budget::Budget;
use crate::query::{Condition, Filter, Path};

pub(crate) use number::integer;

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

/// What an update needs to know beside the document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occasion<'a> {
    /// What the document matched; says what `$` means.
    pub(crate) filter: &'a Filter,
    /// Milliseconds since 1970, for `$currentDate`.
    pub(crate) now_ms: u64,
    pub(crate) budget: &'a Budget,
}

#[derive(Debug, Clone, PartialEq)]
enum Action {
    Set(Value),
    /// Sets only in a document that the update inserts.
    SetOnInsert(Value),
    Unset,
    Inc(Number),
    Mul(Number),
    Min(Value),
    Max(Value),
    /// Moves here what is there.
    RenameFrom(Path),
    Push(Push),
    /// Appends those that are not there yet.
    AddToSet(Vec<Value>),
    Pop(End),
    Pull(Pull),
    /// Takes out all elements equal to one of these.
    PullAll(Vec<Value>),
    /// One after the other.
    Bit(Vec<(BitOperation, i64)>),
    CurrentDate,
}

/// Inserts values into an array, then sorts it, then cuts it.
#[derive(Debug, Clone, PartialEq, Default)]
struct Push {
    values: Vec<Value>,
    /// None: at the end; below 0: from the end.
    position: Option<i64>,
    sort: Option<ElementSort>,
    /// How many to keep; below 0: the last ones.
    slice: Option<i64>,
}

/// By what elements sort: true stands for descending.
#[derive(Debug, Clone, PartialEq)]
enum ElementSort {
    Whole(bool),
    Paths(Vec<(Path, bool)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    First,
    Last,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BitOperation {
    And,
    Or,
    Xor,
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
