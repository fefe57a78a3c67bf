//! The store: apps, hooks with immutable versions, schedules and documents behind one object-safe trait.
//!
//! [`Store`] is the seam: everything else in the project programs against it. Behind it stand
//! SQLite, and Postgres for more than one machine. The query language lives in [`query`] and knows nothing of
//! any database; a database only adds pushdown, a cheaper way to leave rows out, and the matcher
//! in [`query`] keeps the last word on every row.
//!
//! Tenants are kept apart by construction: the app is an argument of its own in every call and
//! is bound in every statement; nothing in a query can reach it.

#![forbid(unsafe_code)]

mod app_limits;
mod budget;
mod clock;
mod error;
mod ids;
mod index;
mod lane;
pub mod limits;
mod model;
mod op;
mod operation;
mod postgres;
pub mod query;
mod rate;
mod schedule;
mod sqlite;
mod store;
mod turns;

pub use app_limits::{AppLimits, UNLIMITED};
pub use error::StoreError;
pub use index::Index;
pub use model::{App, HookHead, HookKind, HookVersion, NewApp, NewHook, Script};
pub use op::{DocOp, DocReply};
pub use postgres::PostgresStore;
pub use rate::RateLimit;
pub use schedule::{NewSchedule, Schedule};
pub use sqlite::SqliteStore;
pub use store::{Store, open};
