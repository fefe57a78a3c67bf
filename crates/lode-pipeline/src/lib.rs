//! The data pipeline: what an application server of Kinvey does for one request of a client.
//!
//! ```text
//!  Request ──► pre hooks ──► database action ──► post hooks ──► Reply
//!                 │ complete(), error      │ error        │ complete(), error
//!                 └────────────────────────┴──────────────┴──────────────► Reply
//! ```
//!
//! [`Pipeline::serve`] is the one call. Who the client is has been checked before
//! ([`Identity`]); hooks run behind [`HookRunner`], so that a queue and its workers, or a test, can
//! stand there; data comes from a [`lode_store::Store`]. What the facts about Kinvey leave open is
//! decided in one place each:
//!
//! * Order of hooks, and what a count runs: [`Action`].
//! * Who may read and write an entity: `access.rs`. Whose an entity is: `entity.rs`.
//! * Who may leave the hooks out: [`Identity::may_skip_hooks`].
//! * Errors and their statuses: [`Fault`].
//!
//! Login hooks belong to whoever logs users in.

#![forbid(unsafe_code)]

mod access;
mod database;
mod date;
mod entity;
mod exchange;
mod fault;
mod hook_runner;
pub mod limits;
mod params;
mod pipeline;
mod reply;
mod request;

pub use fault::Fault;
pub use hook_runner::{HookRunner, RunError};
pub use pipeline::Pipeline;
pub use reply::Reply;
pub use request::{Action, Identity, Request};
