//! Kinvey's task envelope: a task of its application servers as a job, an outcome as its reply.
//!
//! A task is `{taskId, appId, appMetadata, targetFunction, blScript, collectionName, request,
//! response, …}`. Senders add fields of their own, so unknown ones are ignored, unlike in a job
//! record. `appMetadata` holds the app's secrets: it is looked at for its type and then dropped;
//! what a hook may see of the app comes from the store.
//!
//! Decided here, where the original's sources disagree or are silent:
//! - A reply to a failed task is one flat object that serves both readers that are known. The task
//!   runner's takes `isError`, `error`, `message`, `debugMessage`, `stackTrace`, `metadata`; an
//!   application server builds the client's body out of `error`, `description`, `debug`. So
//!   `debug` and `debugMessage` are the same text, and `message` is the `description`, which is
//!   fixed for each `error` and safe to show.
//! - `statusCode` stands beside them, for the HTTP reply.
//! - `metadata` is `taskId` and `tag`, Lode's own word for what happened.
//!
//! The client of npm `background-task` 2.x gets the same reply as a field of the hash that its
//! status names, in an envelope of its own, and a message that says so; see [`answer`].

mod background;
mod origin;
mod reply;
mod task;

pub use background::{TaskAnswer, TaskStatus, answer, progress};
pub use origin::{BackgroundOrigin, TaskOrigin};
pub(crate) use origin::{Draft, TaskDraft, origin_of_almost_message, origin_of_message, unfold};
pub use reply::reply;
pub(crate) use task::{is_envelope, read};
