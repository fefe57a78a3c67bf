//! What each operation means, for every database alike.
//!
//! ```text
//!  DocOp ── plan ──► Read  ── database scans ──► Search ──► Sink ──► reply
//!               └──► Write ── database scans ──► Search ──► Sink ──► Effect: writes + reply
//! ```
//!
//! A database only finds rows that may match, in the order of insertion, and carries out the
//! writes of an [`Effect`], all in one transaction.

mod distinct;
mod effect;
mod find;
mod modify;
mod near;
mod plan;
mod reply;
mod search;
mod update;

pub(crate) use distinct::Distinct;
pub(crate) use effect::{Effect, RowWrite, inserted, saved, shown_id};
pub(crate) use find::Finder;
pub(crate) use modify::{Chooser, FindAndModify, Modification};
pub(crate) use plan::{Plan, Read, Step, Write, plan};
pub(crate) use reply::Texts;
pub(crate) use search::{Counter, Doomed, Found, Row, Search, Sink};
pub(crate) use update::Updater;
