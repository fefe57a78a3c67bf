//! The query language: MongoDB's filters, sorts, projections and updates over JSON values.
//!
//! Nothing here knows of a database. In reading order: how values compare, how a dotted path
//! walks a document, filters and their matcher, the options of a find, and updates.

mod document;
mod filter;
mod matcher;
mod options;
mod order;
mod parse;
mod path;
mod project;
mod sort;
mod sort_buffer;
mod update;

pub use document::{Document, check_collection};
pub use filter::{Comparison, Condition, Filter};
pub use options::{FindOptions, UpdateOptions};
pub use order::compare;
pub use path::{Path, Segment};
pub use project::Projection;
pub use sort::Sort;
pub use sort_buffer::SortBuffer;
pub use update::Update;

pub(crate) use document::canonical_id;
