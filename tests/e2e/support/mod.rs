//! What the tests stand on: a `Place` for one test, workers, producers, waits, `/proc`.

pub(crate) mod history;
#[path = "../../../crates/lode-effects/tests/effects/hook_server.rs"]
#[expect(dead_code, reason = "what only the suite of lode-effects looks at")]
pub(crate) mod hook_server;
mod place;
pub(crate) mod proc;
mod producer;
pub(crate) mod proxy;
#[path = "../../../crates/lode-queue/tests/support/server.rs"]
mod redis_server;
pub(crate) mod redis_set;
#[path = "../../../crates/lode-effects/tests/effects/smtp_server.rs"]
#[expect(dead_code, reason = "only the suite of lode-effects has certificates")]
pub(crate) mod smtp_server;
mod wait;
mod web_host;
mod worker;

pub(crate) use place::{Place, Ran, hook_file, lode, outcome};
pub(crate) use producer::{Producer, endpoint, script};
pub(crate) use wait::eventually;
pub(crate) use web_host::{LARGE_BYTES, WebHost};
pub(crate) use worker::Worker;
