//! The store: apps, hooks with immutable versions, schedules, documents, outbox and logs behind one object-safe trait.
//!
//! [`Store`] is the seam: everything else in the project programs against it. Behind it stand
//! SQLite, and Postgres for more than one machine; with the feature `mongodb` MongoDB, too, which answers queries itself. The query language lives in [`query`] and knows nothing of
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
mod log;
mod model;
#[cfg(feature = "mongodb")]
mod mongo;
mod op;
mod operation;
mod outbox;
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
pub use log::{Keep, LogLine, LogQuery, NewLogLine};
pub use model::{App, HookHead, HookKind, HookVersion, NewApp, NewHook, Script};
#[cfg(feature = "mongodb")]
pub use mongo::MongoStore;
pub use op::{DocOp, DocReply};
pub use outbox::{
    Attempt, Claimed, Effect, EffectKind, EffectQuery, EffectState, NewEffect, Retried,
};
pub use postgres::PostgresStore;
pub use rate::RateLimit;
pub use schedule::{NewSchedule, Schedule};
pub use sqlite::SqliteStore;
pub use store::{Store, StoreOptions, open, open_with};
