//! What the tests stand on: a `Place` for one test, workers, producers, waits, `/proc`.

pub(crate) mod history;
mod place;
pub(crate) mod proc;
mod producer;
pub(crate) mod proxy;
#[path = "../../../crates/lode-queue/tests/support/server.rs"]
mod redis_server;
pub(crate) mod redis_set;
mod wait;
mod web_host;
mod worker;

pub(crate) use place::{Place, Ran, hook_file, lode, outcome};
pub(crate) use producer::{Producer, endpoint, script};
pub(crate) use wait::eventually;
pub(crate) use web_host::{LARGE_BYTES, WebHost};
pub(crate) use worker::Worker;
