//! Children come and go: requested ahead of need, spawned, ready, killed, gone.

use lode_proto::ExitCause;

use super::Pool;
use super::child::ChildState;
use crate::{ChildId, Output, Time};

impl Pool {
    /// Children to ask for so that, when every held job has one that may use it, `warm` more wait;
    /// as far as there is room and a zygote to ask.
    pub(super) fn children_missing(&self) -> usize {
        if self.zygotes.current().is_none() {
            return 0;
        }
        let counts = self.children.counts();
        let room = self.options.max_children.saturating_sub(counts.live());
        let wanted = self.options.warm.saturating_add(self.jobs.demand());
        wanted.saturating_sub(counts.waiting()).min(room)
    }

    /// Asks the current zygote for the missing children.
    pub(super) fn refill(&mut self, now: Time) {
        let Some(zygote) = self.zygotes.current() else {
            return;
        };
        if self.child_backoff.blocks(now) {
            return;
        }
        for _ in 0..self.children_missing() {
            let ready_by = now.plus_us(self.options.start_limit_us);
            let child = self.children.request(zygote, ready_by);
            self.zygotes.add_child(zygote, child);
            self.count_fork(zygote);
            self.emit(Output::SpawnChild { zygote, child });
        }
    }

    pub(super) fn child_spawned(&mut self, id: ChildId) {
        match self.children.get(id).map(|child| child.state) {
            Some(ChildState::Requested { ready_by }) => {
                self.children.set(id, ChildState::Starting { ready_by });
            }
            // The first KillChild found no process.
            Some(ChildState::Aborted { gone_by }) => {
                self.children.set(id, ChildState::Doomed { gone_by });
                self.emit(Output::KillChild { child: id });
            }
            Some(
                ChildState::Starting { .. }
                | ChildState::Idle { .. }
                | ChildState::Running { .. }
                | ChildState::Finished { .. }
                | ChildState::Doomed { .. },
            )
            | None => self.drop_late(),
        }
    }

    /// A ready child waits for a job, and if one waits for it, not for long.
    pub(super) fn child_ready(&mut self, id: ChildId, now: Time) {
        let state = self.children.get(id).map(|child| child.state);
        let Some(ChildState::Starting { .. }) = state else {
            self.drop_late();
            return;
        };
        self.last_child_ready = now;
        self.children.set_idle(id);
    }

    /// The only way out: the child's job, if it still had one, is decided by how it ended.
    pub(super) fn child_gone(&mut self, id: ChildId, cause: ExitCause, now: Time) {
        let Some(child) = self.children.remove(id) else {
            self.drop_late();
            return;
        };
        self.zygotes.forget_child(child.zygote, id);
        match child.state {
            ChildState::Requested { .. }
            | ChildState::Starting { .. }
            | ChildState::Idle { .. } => {
                // That its zygote died is the zygote's failure, and counted there.
                if cause != ExitCause::ZygoteLost {
                    self.start_failed(now);
                }
            }
            ChildState::Running { run } => self.child_lost(run, cause, now),
            ChildState::Finished { .. }
            | ChildState::Aborted { .. }
            | ChildState::Doomed { .. } => {}
        }
        if cause.is_suspicious() {
            self.suspect(child.zygote, now);
        }
        self.stop_if_childless(child.zygote, now);
    }

    pub(super) fn child_deadline(&mut self, id: ChildId, now: Time) {
        let Some(child) = self.children.get(id) else {
            return;
        };
        match child.state {
            ChildState::Requested { .. } | ChildState::Starting { .. } => {
                self.start_failed(now);
                self.kill_child(id, now);
            }
            ChildState::Running { run } => self.time_out(id, run, now),
            ChildState::Finished { .. } => self.kill_child(id, now),
            // SIGKILL cannot fail, so the one that should fork or reap it hangs. Asked for again
            // after as long, until the child is gone.
            ChildState::Aborted { .. } | ChildState::Doomed { .. } => {
                let gone_by = now.plus_us(self.options.start_limit_us);
                self.children.set(id, child.state.killed(gone_by));
                self.kill_stuck_zygote(child.zygote, now);
            }
            ChildState::Idle { .. } => debug_assert!(false, "an idle child has no deadline"),
        }
    }

    /// Kills a child that has not been killed yet. The caller has decided its job.
    pub(super) fn kill_child(&mut self, id: ChildId, now: Time) {
        let Some(child) = self.children.get(id) else {
            return;
        };
        let gone_by = now.plus_us(self.options.start_limit_us);
        self.children.set(id, child.state.killed(gone_by));
        self.counters.kills += 1;
        self.emit(Output::KillChild { child: id });
    }

    /// Kills those of `ids` that wait for a job.
    pub(super) fn kill_waiting(&mut self, ids: Vec<ChildId>, now: Time) {
        for id in ids {
            if self
                .children
                .get(id)
                .is_some_and(|child| child.state.is_waiting())
            {
                self.kill_child(id, now);
            }
        }
    }

    pub(super) fn start_failed(&mut self, now: Time) {
        self.counters.failed_starts += 1;
        self.child_backoff.fail(now);
    }
}
