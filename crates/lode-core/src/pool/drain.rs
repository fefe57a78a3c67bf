//! [`Phase`] and the drain: no new jobs, a limit for the running ones, then the end.
//!
//! ```text
//!            Drain                 limit passed, all killed
//!  Serving ────────► Draining ─────────────────────────────► Closing
//!                       │ last child gone                       │ last child gone
//!                       └─────────────► Drained ◄───────────────┘
//! ```

use lode_proto::ExitCause;

use super::Pool;
use super::child::ChildState;
use super::run::Run;
use crate::{ChildId, Output, Time, Verdict};

/// Whether the pool takes jobs, and if not, what it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Takes jobs.
    Serving,
    /// Lets the running jobs finish, until the limit.
    Draining { limit_at: Time },
    /// All is killed; waits for the last child to be gone.
    Closing,
    /// Over.
    Drained,
}

impl Phase {
    /// When the drain's patience ends.
    pub(super) fn limit_at(self) -> Option<Time> {
        match self {
            Self::Draining { limit_at } => Some(limit_at),
            Self::Serving | Self::Closing | Self::Drained => None,
        }
    }
}

impl Pool {
    pub(super) fn drain(&mut self, limit_us: u64, now: Time) {
        let limit_at = now.plus_us(limit_us);
        match self.phase {
            Phase::Serving => {
                self.phase = Phase::Draining { limit_at };
                self.release_and_retire(now);
            }
            Phase::Draining { limit_at: earlier } => {
                let limit_at = limit_at.min(earlier);
                self.phase = Phase::Draining { limit_at };
            }
            Phase::Closing | Phase::Drained => {}
        }
    }

    /// Hands back what was not started, and keeps only what runs or is about to exit.
    fn release_and_retire(&mut self, now: Time) {
        self.release_all();
        self.kill_waiting(self.children.iter().map(|(id, _)| id).collect(), now);
        let zygotes = [self.zygotes.starting(), self.zygotes.current()];
        for zygote in zygotes.into_iter().flatten() {
            self.retire(zygote, now);
        }
    }

    /// At the limit, ends the running jobs: run elsewhere if that is safe, else settled so.
    pub(super) fn drain_deadline(&mut self, now: Time) {
        let Some(limit_at) = self.phase.limit_at() else {
            return;
        };
        if now < limit_at {
            return;
        }
        self.phase = Phase::Closing;
        for (child, run) in self.running() {
            self.kill_child(child, now);
            self.fail_for_platform(run, ExitCause::KILLED, Verdict::DrainLimit);
        }
    }

    pub(super) fn finish_drain(&mut self) {
        match self.phase {
            Phase::Draining { .. } | Phase::Closing => {
                if self.children.counts().live() == 0 {
                    self.phase = Phase::Drained;
                    self.emit(Output::Drained);
                }
            }
            Phase::Serving | Phase::Drained => {}
        }
    }

    fn running(&self) -> Vec<(ChildId, Run)> {
        let children = self.children.iter();
        children
            .filter_map(|(id, child)| match child.state {
                ChildState::Running { run } => Some((id, run)),
                ChildState::Requested { .. }
                | ChildState::Starting { .. }
                | ChildState::Idle { .. }
                | ChildState::Finished { .. }
                | ChildState::Aborted { .. }
                | ChildState::Doomed { .. } => None,
            })
            .collect()
    }
}
