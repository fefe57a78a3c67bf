//! Lode's decisions, sans-IO: which zygotes and children exist, which child runs which leased
//! job, whose turn it is, when each is killed, replaced or drained, and when schedules fire.
//!
//! Nothing here waits, reads a clock, draws a random number or opens a descriptor: the shell
//! hands in what happened and the instant at which it saw it ([`Input`], [`Time`]), and carries
//! out what comes back ([`Output`]). Equal inputs at equal instants give equal outputs, so every
//! run of the simulation can be replayed from its seed.
#![forbid(unsafe_code)]

mod backoff;
mod event;
mod fifo;
mod id;
mod options;
mod pool;
pub mod schedule;
mod stats;
mod time;

pub use event::{Breach, Input, Output, Verdict};
pub use id::{AppKey, ChildId, HookKey, JobKey, ZygoteId};
pub use options::PoolOptions;
pub use pool::Pool;
pub use schedule::{Interval, Schedule, ScheduleError};
pub use stats::{ChildCounts, PoolStats};
pub use time::Time;
