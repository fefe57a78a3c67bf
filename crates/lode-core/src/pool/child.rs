//! [`ChildState`]: the life of one child, which runs at most one job.
//!
//! ```text
//!  SpawnChild      ChildSpawned     ChildReady        StartJob
//!      │                │                │                │
//!      ▼                ▼                ▼                ▼      ChildDone
//!  Requested ──────► Starting ───────► Idle ─────────► Running ───────────► Finished
//!      │                │                │                │                    │
//!      │ KillChild      └──────┬─────────┘                │ hard deadline,     │ exit grace
//!      │ (start limit,         │ KillChild (start limit,  │ breach, lease      │ over
//!      │ drain, doubt,         │ drain, doubt, breach,    │ lost, drain limit  │
//!      │ zygote killed)        │ zygote gone or killed)   │                    │
//!      ▼                       ▼                          ▼                    ▼
//!   Aborted ───────────────────────────────────────────► Doomed ◄──────────────┘
//!             ChildSpawned, KillChild again
//! ```
//!
//! Every state ends in `ChildGone`, which removes the child. Requested and Aborted ones also
//! vanish when their zygote is gone: the shell never had them. A job is decided in the one step
//! that leaves Running, so nothing that comes later can decide it again.

use super::run::Run;
use crate::fifo::Ticket;
use crate::{ChildCounts, Time, ZygoteId};

/// A child and the zygote that it comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Child {
    pub(super) zygote: ZygoteId,
    pub(super) state: ChildState,
}

/// Where a child is in its life, with what only matters there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChildState {
    /// Asked of its zygote; the shell does not have it.
    Requested { ready_by: Time },
    /// The shell has its socket.
    Starting { ready_by: Time },
    /// Ready for a job; the ticket is its place in the queue of idle children.
    Idle { ticket: Ticket },
    /// Runs a job.
    Running { run: Run },
    /// Its report counted; it is about to exit.
    Finished { exit_by: Time },
    /// To be killed, but the shell does not have it.
    Aborted { gone_by: Time },
    /// Killed.
    Doomed { gone_by: Time },
}

impl ChildState {
    /// When something must happen to a child in this state, if nothing else happens.
    pub(super) fn deadline(self) -> Option<Time> {
        match self {
            Self::Requested { ready_by } | Self::Starting { ready_by } => Some(ready_by),
            Self::Idle { .. } => None,
            Self::Running { run } => Some(run.clock.deadline()),
            Self::Finished { exit_by } => Some(exit_by),
            Self::Aborted { gone_by } | Self::Doomed { gone_by } => Some(gone_by),
        }
    }

    /// True for a child that has had no job and may still get one.
    pub(super) fn is_waiting(self) -> bool {
        match self {
            Self::Requested { .. } | Self::Starting { .. } | Self::Idle { .. } => true,
            Self::Running { .. }
            | Self::Finished { .. }
            | Self::Aborted { .. }
            | Self::Doomed { .. } => false,
        }
    }

    /// True while the shell does not have the child: then it vanishes with its zygote.
    pub(super) fn is_unspawned(self) -> bool {
        matches!(self, Self::Requested { .. } | Self::Aborted { .. })
    }

    /// The state after `KillChild`.
    pub(super) fn killed(self, gone_by: Time) -> Self {
        if self.is_unspawned() {
            Self::Aborted { gone_by }
        } else {
            Self::Doomed { gone_by }
        }
    }

    /// The count that a child in this state belongs to.
    pub(super) fn count_of(self, counts: &mut ChildCounts) -> &mut usize {
        match self {
            Self::Requested { .. } => &mut counts.requested,
            Self::Starting { .. } => &mut counts.starting,
            Self::Idle { .. } => &mut counts.idle,
            Self::Running { .. } => &mut counts.running,
            Self::Finished { .. } => &mut counts.finished,
            Self::Aborted { .. } | Self::Doomed { .. } => &mut counts.doomed,
        }
    }
}
