//! The filter as a tree: what a query means once it has been read.

use serde_json::Value;

use crate::query::Path;

/// A condition on a whole document.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of them; an empty list is true.
    And(Vec<Self>),
    /// At least one of them.
    Or(Vec<Self>),
    /// None of them.
    Nor(Vec<Self>),
    /// A condition on what a path leads to.
    Field(Path, Condition),
}

/// A condition on what a path leads to.
///
/// Each leaf holds if *any* visited value satisfies it, so `{$gt: 1, $lt: 3}` may be satisfied
/// by two different elements of one array. Negation applies to the leaf as a whole.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Compares with a value of the same type; null also stands for "missing".
    Compare(Comparison, Value),
    /// Equal to one of these, which are sorted for a binary search.
    In(Vec<Value>),
    /// Something is there, be it null.
    Exists,
    /// All of these.
    All(Vec<Self>),
    /// Not this one.
    Not(Box<Self>),
}

/// How to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `$eq`
    Eq,
    /// `$gt`
    Gt,
    /// `$gte`
    Gte,
    /// `$lt`
    Lt,
    /// `$lte`
    Lte,
}

impl Filter {
    /// Whether every document matches, so that none needs to be read.
    pub fn is_trivial(&self) -> bool {
        match self {
            Self::And(filters) => filters.iter().all(Self::is_trivial),
            Self::Or(_) | Self::Nor(_) | Self::Field(..) => false,
        }
    }

    /// The values that an upsert copies from the filter: what every match must be equal to.
    pub(crate) fn equalities(&self) -> Vec<(&Path, &Value)> {
        match self {
            Self::And(filters) => filters.iter().flat_map(Self::equalities).collect(),
            Self::Or(filters) if filters.len() == 1 => filters[0].equalities(),
            Self::Or(_) | Self::Nor(_) => Vec::new(),
            Self::Field(path, condition) => condition
                .equalities()
                .into_iter()
                .map(|value| (path, value))
                .collect(),
        }
    }
}

impl Condition {
    pub(crate) fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    fn equalities(&self) -> Vec<&Value> {
        match self {
            Self::Compare(Comparison::Eq, value) => vec![value],
            Self::All(conditions) => conditions.iter().flat_map(Self::equalities).collect(),
            Self::Compare(
                Comparison::Gt | Comparison::Gte | Comparison::Lt | Comparison::Lte,
                _,
            )
            | Self::In(_)
            | Self::Exists
            | Self::Not(_) => Vec::new(),
        }
    }
}
