//! V8: the pristine isolate, one job's run in it, the host-call bridge, the sandbox API in `js/`.
//!
//! ```text
//! zygote   Engine::init → Pristine::build         flags, platform, realm, sandbox API, warm-up
//!    fork
//! child    Pristine::wake → Pristine::run         reseed, watchdog · compile, call, event loop
//! ```
//! This crate knows no process and no socket: a [`Port`] carries its messages, and an exit
//! function given to [`engine::init`] ends the process when V8 cannot go on.

mod budget;
mod describe;
pub mod engine;
mod event_loop;
mod job;
mod natives;
mod pristine;
mod realm;
mod rejections;
mod run;
mod sections;
mod source;
mod stack;
mod sys;
mod target;
mod timers;
mod unique_ids;
mod warm_up;
mod watchdog;

pub use job::{Incoming, Port};
pub use pristine::Pristine;
