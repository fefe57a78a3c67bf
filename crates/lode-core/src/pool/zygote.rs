//! [`ZygoteState`]: the life of one zygote.
//!
//! ```text
//!  StartZygote      ZygoteReady     forks or age      successor ready,
//!      │                │            used up           doubt, drain
//!      ▼                ▼               │                    │
//!   Starting ───────► Serving ──────────┴──► Expiring ───────┴──► Retiring
//!      │                └──────── doubt, drain ─────────────────────▲ │
//!      │ start limit:                                                 │ last child gone:
//!      │ KillZygote                                                   │ StopZygote
//!      ▼                                                              ▼
//!   Doomed ◄──────────────────────────────────────────────────── Stopping
//!      ▲            it did not stop in time: KillZygote
//!      └── from Serving, Expiring, Retiring: a killed child is not gone in time: KillZygote
//! ```
//!
//! Serving and Expiring are *current*: children are forked from it; there is at most one. Drain
//! takes a Starting one to Stopping, too. `ZygoteGone` ends every state; while children are left
//! whose own `ChildGone` is still to come, the entry stays as Gone.

use std::collections::BTreeSet;

use crate::{ChildId, Time};

/// A zygote and the children that came from it.
#[derive(Debug)]
pub(super) struct Zygote {
    pub(super) state: ZygoteState,
    pub(super) children: BTreeSet<ChildId>,
}

/// Where a zygote is in its life, with what only matters there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ZygoteState {
    /// Starts; has no children.
    Starting { ready_by: Time },
    /// Current, with forks left and young enough.
    Serving {
        ready_at: Time,
        expires_at: Time,
        forks: u64,
    },
    /// Current until its successor is ready: late rotation is better than no children.
    Expiring { ready_at: Time },
    /// Forks no more; waits for its last child.
    Retiring,
    /// Told to stop.
    Stopping { gone_by: Time },
    /// Killed.
    Doomed,
    /// Ended before its children.
    Gone,
}

impl ZygoteState {
    /// When something must happen to a zygote in this state, if nothing else happens.
    pub(super) fn deadline(self) -> Option<Time> {
        match self {
            Self::Starting { ready_by } => Some(ready_by),
            Self::Serving { expires_at, .. } => Some(expires_at),
            Self::Stopping { gone_by } => Some(gone_by),
            Self::Expiring { .. } | Self::Retiring | Self::Doomed | Self::Gone => None,
        }
    }

    /// True for a zygote that children are forked from.
    pub(super) fn is_current(self) -> bool {
        matches!(self, Self::Serving { .. } | Self::Expiring { .. })
    }

    /// True for a zygote whose children may wait for a job: not one that is dead or dying.
    pub(super) fn may_have_waiting_children(self) -> bool {
        self.is_current() || self == Self::Retiring
    }

    /// The state after one more fork.
    pub(super) fn forked(self, forks_max: u64) -> Self {
        match self {
            Self::Serving {
                ready_at,
                expires_at,
                forks,
            } => {
                if forks + 1 >= forks_max {
                    Self::Expiring { ready_at }
                } else {
                    Self::Serving {
                        ready_at,
                        expires_at,
                        forks: forks + 1,
                    }
                }
            }
            Self::Starting { .. }
            | Self::Expiring { .. }
            | Self::Retiring
            | Self::Stopping { .. }
            | Self::Doomed
            | Self::Gone => self,
        }
    }
}
