//! End to end: the built `lode` binary, its processes and real queues, looked at from outside.
//!
//! Each test has a folder, a store and a queue of its own. Redis is the server of
//! `LODE_TEST_REDIS`, or a private one. Hooks are the files of `tests/hooks`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests fail the test and say why"
)]

mod admin;
mod attacks;
mod background_task;
mod chaos;
mod cli;
mod dialects;
mod effects;
mod egress;
mod faults;
mod filter;
mod health;
mod indexes;
mod jail;
mod kinvey;
mod kinvey_proxy;
mod lifecycle;
mod limits;
mod losses;
mod outcomes;
mod pager;
mod pipeline;
mod postgres;
mod promises;
mod queue;
mod realm;
mod schedules;
mod secrets;
mod starvation;
mod support;
mod tcp_runner;
mod violations;
