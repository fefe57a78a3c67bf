//! Processes and the kernel: the zygote, its forked children, their confinement, their exits.
//!
//! This crate knows nothing of JavaScript: what the zygote prepares and what a child does with its
//! job comes in through the [`Guest`] trait.

pub mod confine;
pub mod control;
pub mod job_socket;
pub mod launch;
pub mod layer;
mod resident;
pub mod seccomp;
mod sys;
pub mod zygote;

pub use job_socket::JobSocket;
pub use launch::{ChildHandle, LaunchError, ZygoteProcess};
pub use layer::{Layer, LayerState};
pub use resident::limit_memory;
pub use sys::{exit_now, process_cpu_us};
pub use zygote::{Guest, serve};
