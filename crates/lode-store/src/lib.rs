//! The store: apps, hooks with immutable versions, and documents behind one object-safe trait.
//!
//! [`Store`] is the seam: everything else in the project programs against it, so that another
//! database can stand beside SQLite. The query language lives in [`query`] and knows nothing of
//! any database; a database only adds pushdown, a cheaper way to leave rows out, and the matcher
//! in [`query`] keeps the last word on every row.
//!
//! Tenants are kept apart by construction: the app is an argument of its own in every call and
//! is bound in every statement; nothing in a query can reach it.

#![forbid(unsafe_code)]

mod budget;
mod clock;
mod error;
mod ids;
pub mod limits;
mod model;
mod op;
pub mod query;
mod sqlite;
mod store;

pub use error::StoreError;
pub use model::{
    App, AppLimits, HookHead, HookKind, HookVersion, NewApp, NewHook, Script, UNLIMITED,
};
pub use op::{DocOp, DocReply};
pub use sqlite::SqliteStore;
pub use store::{Store, open};
