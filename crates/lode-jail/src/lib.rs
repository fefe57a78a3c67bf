//! Processes and the kernel: the zygote, its forked children, their confinement, their exits.
//!
//! This crate knows nothing of JavaScript: what the zygote prepares and what a child does with its
//! job comes in through the [`Guest`] trait.

pub mod cgroup;
pub mod confine;
pub mod control;
pub mod job_socket;
pub mod launch;
pub mod layer;
mod resident;
pub mod seccomp;
mod sys;
pub mod zygote;

pub use cgroup::{Cgroup, CgroupLimits};
pub use confine::JailSettings;
pub use job_socket::JobSocket;
pub use launch::{ChildHandle, LaunchError, ZygoteProcess, parent_of_process, process_of_thread};
pub use layer::{Layer, LayerState};
pub use resident::{limit_cpu, limit_memory, process_cpu_us, thread_cpu_us};
pub use seccomp::{ForbiddenCall, Listener, call_name, trapped_call, trapped_call_name};
pub use sys::exit_now;
pub use zygote::{Guest, serve};
