//! The filter as a tree: what a query means once it has been read.

use serde_json::Value;

use crate::query::Path;
use crate::query::geo::{Near, Region};
use crate::query::path::Reach;
use crate::query::pattern::Pattern;
use crate::query::types::Types;

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
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// A single test.
    Leaf(Leaf),
    /// All of these.
    All(Vec<Self>),
    /// Not this one.
    Not(Box<Self>),
}

/// A test of single values.
///
/// It holds if *any* visited value satisfies it, so `{$gt: 1, $lt: 3}` may be satisfied by two
/// different elements of one array. Negation applies to the leaf as a whole.
#[derive(Debug, Clone, PartialEq)]
pub enum Leaf {
    /// Compares with a value of the same type; null also stands for "missing".
    Compare(Comparison, Value),
    /// Equal to one of these, which are sorted for a binary search.
    In(Vec<Value>),
    /// Something is there, be it null.
    Exists,
    /// Of one of these types.
    Type(Types),
    /// A text in which the pattern is found.
    Regex(Pattern),
    /// A number that leaves this remainder, both cut to integers.
    Mod {
        /// Not 0.
        divisor: i64,
        /// Of the sign of the dividend.
        remainder: i64,
    },
    /// An array of so many elements.
    Size(usize),
    /// An array with an element that is an object matching the filter.
    ElemMatch(Box<Filter>),
    /// An array with an element for which, taken by itself, the condition holds.
    ElemValue(Box<Condition>),
    /// A point in the region.
    Within(Region),
    /// A point at a distance within bounds; also says how a find is ordered.
    Near(Near),
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

    /// The path and the condition by whose distance a find without a sort is ordered.
    pub(crate) fn near(&self) -> Option<(&Path, &Near)> {
        match self {
            Self::And(filters) => filters.iter().find_map(Self::near),
            Self::Or(_) | Self::Nor(_) => None,
            Self::Field(path, condition) => condition.near().map(|near| (path, near)),
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

    fn near(&self) -> Option<&Near> {
        match self {
            Self::Leaf(leaf) => match leaf {
                Leaf::Near(near) => Some(near),
                Leaf::Compare(..)
                | Leaf::In(_)
                | Leaf::Exists
                | Leaf::Type(_)
                | Leaf::Regex(_)
                | Leaf::Mod { .. }
                | Leaf::Size(_)
                | Leaf::ElemMatch(_)
                | Leaf::ElemValue(_)
                | Leaf::Within(_) => None,
            },
            Self::All(conditions) => conditions.iter().find_map(Self::near),
            Self::Not(_) => None,
        }
    }

    fn equalities(&self) -> Vec<&Value> {
        match self {
            Self::Leaf(leaf) => leaf.equality().into_iter().collect(),
            Self::All(conditions) => conditions.iter().flat_map(Self::equalities).collect(),
            Self::Not(_) => Vec::new(),
        }
    }
}

impl From<Leaf> for Condition {
    fn from(leaf: Leaf) -> Self {
        Self::Leaf(leaf)
    }
}

impl Leaf {
    /// The value that a match must be equal to.
    pub(crate) fn equality(&self) -> Option<&Value> {
        match self {
            Self::Compare(Comparison::Eq, value) => Some(value),
            Self::Compare(
                Comparison::Gt | Comparison::Gte | Comparison::Lt | Comparison::Lte,
                _,
            )
            | Self::In(_)
            | Self::Exists
            | Self::Type(_)
            | Self::Regex(_)
            | Self::Mod { .. }
            | Self::Size(_)
            | Self::ElemMatch(_)
            | Self::ElemValue(_)
            | Self::Within(_)
            | Self::Near(_) => None,
        }
    }

    /// Whether it looks at an array only as a whole.
    pub(crate) fn reach(&self) -> Reach {
        match self {
            Self::Size(_) | Self::ElemMatch(_) | Self::ElemValue(_) => Reach::Whole,
            Self::Compare(..)
            | Self::In(_)
            | Self::Exists
            | Self::Type(_)
            | Self::Regex(_)
            | Self::Mod { .. }
            | Self::Within(_)
            | Self::Near(_) => Reach::Elements,
        }
    }
}
