//! The pool: one state machine over zygotes, children and leased jobs.
//!
//! ```text
//!   Input, now ──► expire what is due ──► apply the input ──► tend (starts, refill, zygotes, …)
//!                                                                   │
//!   shell ◄── poll_output: Settle … StartJob … SpawnChild … ◄───────┘
//! ```
//!
//! Deadlines are fired before an input is looked at, so a verdict depends on the instant alone
//! and not on whether the shell called `handle_timeout` or `handle_input` first. Outputs keep the
//! order in which they were decided; refilling comes last, so that a fork is never on the way
//! between a lease and its `StartJob`.

mod api;
mod child;
mod children;
mod drain;
mod hooks;
mod invariants;
mod jobs;
mod lifecycle;
mod room;
mod rotation;
mod run;
mod running;
mod shares;
mod turns;
mod zygote;
mod zygotes;

#[cfg(test)]
mod tests;

pub use api::Pool;
