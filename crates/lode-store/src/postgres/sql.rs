//! A statement and its parameters; nothing that a tenant writes gets into the text but checked
//! field names.

use tokio_postgres::types::{ToSql, Type};

/// A value on its way to a `$n`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Param {
    Text(String),
    MaybeText(Option<String>),
    Texts(Vec<String>),
    MaybeTexts(Vec<Option<String>>),
    Bytes(Vec<u8>),
    ByteLists(Vec<Vec<u8>>),
    Int(i64),
    MaybeInt(Option<i64>),
    Ints(Vec<i64>),
}

impl Param {
    pub(super) fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Text(value) => (value, Type::TEXT),
            Self::MaybeText(value) => (value, Type::TEXT),
            Self::Texts(value) => (value, Type::TEXT_ARRAY),
            Self::MaybeTexts(value) => (value, Type::TEXT_ARRAY),
            Self::Bytes(value) => (value, Type::BYTEA),
            Self::ByteLists(value) => (value, Type::BYTEA_ARRAY),
            Self::Int(value) => (value, Type::INT8),
            Self::MaybeInt(value) => (value, Type::INT8),
            Self::Ints(value) => (value, Type::INT8_ARRAY),
        }
    }
}

macro_rules! param_from {
    ($($from:ty => $variant:ident),* $(,)?) => {
        $(impl From<$from> for Param {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

param_from! {
    &str => Text, &String => Text, String => Text, Option<String> => MaybeText,
    Vec<String> => Texts, Vec<Option<String>> => MaybeTexts,
    Vec<u8> => Bytes, Vec<Vec<u8>> => ByteLists,
    i64 => Int, Option<i64> => MaybeInt, Vec<i64> => Ints,
}

/// The parameters of a statement while its text is being written.
#[derive(Debug, Default)]
pub(super) struct Params(pub(super) Vec<Param>);

impl Params {
    /// Adds a value and names it: `$3`.
    pub(super) fn bind(&mut self, value: impl Into<Param>) -> String {
        self.0.push(value.into());
        format!("${}", self.0.len())
    }
}
