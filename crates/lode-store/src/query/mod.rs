//! The query language: MongoDB's filters, sorts, projections and updates over JSON values.
//!
//! Nothing here knows of a database. In reading order: how values compare, how a dotted path
//! walks a document, filters and their matcher, the options of a find, and updates.

mod date;
mod document;
mod filter;
mod geo;
mod matcher;
mod options;
mod order;
mod parse;
mod path;
mod pattern;
mod project;
mod sort;
mod sort_buffer;
mod types;
mod update;

pub use document::{Document, check_collection};
pub use filter::{Comparison, Condition, Filter, Leaf};
pub use geo::{Near, Point, Region};
pub use options::{DistanceField, FindOptions, UpdateOptions};
pub use order::compare;
pub use path::{Path, Segment};
pub use pattern::Pattern;
pub use project::Projection;
pub use sort::Sort;
pub use sort_buffer::SortBuffer;
pub use types::Types;
pub use update::Update;

#[cfg(feature = "mongodb")]
pub(crate) use date::iso_date;
pub(crate) use document::canonical_id;
pub(crate) use options::ModifyOptions;
pub(crate) use order::Ordered;
pub(crate) use path::{Fields, Reach};
pub(crate) use sort::SortKey;
pub(crate) use update::Occasion;
