//! The data pipeline: what an application server of Kinvey does for one request of a client.
//!
//! ```text
//!  Request ──► pre hooks ──► database action ──► post hooks ──► Reply
//!                 │ complete(), error      │ error        │ complete(), error
//!                 └────────────────────────┴──────────────┴──────────────► Reply
//! ```
//!
//! [`Pipeline::serve_client`] is the one call, from the header `Authorization` to the reply;
//! [`Pipeline::serve`] is for a client whose [`Identity`] has been checked before. Hooks run behind [`HookRunner`], so that a queue and its workers, or a test, can
//! stand there; data comes from a [`lode_store::Store`]. What the facts about Kinvey leave open is
//! decided in one place each:
//!
//! * Who a client is: `auth.rs`. Users are known to whoever logs them in ([`Users`]).
//! * Order of hooks, and what a count runs: [`Action`].
//! * Who may read and write an entity: `access.rs`. Whose an entity is: `entity.rs`.
//! * Who may leave the hooks out: [`Identity::may_skip_hooks`], which is the master secret alone.
//! * Errors and their statuses: [`Fault`].
//!
//! Login hooks belong to whoever logs users in.

#![forbid(unsafe_code)]

mod access;
mod auth;
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

pub use auth::{Shown, Users};
pub use fault::Fault;
pub use hook_runner::{HookRunner, RunError};
pub use pipeline::Pipeline;
pub use reply::Reply;
pub use request::{Action, Identity, Request};
