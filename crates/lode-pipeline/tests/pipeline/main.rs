//! The pipeline through its public interface, on a real store in memory.
//!
//! Hooks are functions of the test here: what JavaScript makes of a request is not the pipeline's
//! matter, but what becomes of it afterwards is.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod credentials;
mod entities;
mod failures;
mod permissions;
mod queries;
mod steps;
mod world;
