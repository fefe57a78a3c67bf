//! Zygotes come and go: started, replaced when used up or in doubt, stopped after their last
//! child.

use super::Pool;
use super::drain::Phase;
use super::zygote::ZygoteState;
use crate::{Output, Time, ZygoteId};

impl Pool {
    /// True if a zygote should be started: none is current, or the current one needs a successor.
    /// One at a time, so that a broken start costs one process and not many.
    pub(super) fn is_zygote_missing(&self) -> bool {
        if self.phase != Phase::Serving || self.zygotes.starting().is_some() {
            return false;
        }
        let current = self.zygotes.current().and_then(|id| self.zygotes.state(id));
        !matches!(current, Some(ZygoteState::Serving { .. }))
    }

    pub(super) fn start_missing_zygote(&mut self, now: Time) {
        if self.is_zygote_missing() && !self.zygote_backoff.blocks(now) {
            let ready_by = now.plus_us(self.options.start_limit_us);
            let zygote = self.zygotes.start(ready_by);
            self.emit(Output::StartZygote { zygote });
        }
    }

    /// The new zygote is current from now on; the one it replaces retires.
    pub(super) fn zygote_ready(&mut self, id: ZygoteId, now: Time) {
        let Some(ZygoteState::Starting { .. }) = self.zygotes.state(id) else {
            self.drop_late();
            return;
        };
        if let Some(old) = self.zygotes.current() {
            self.retire(old, now);
        }
        let state = ZygoteState::Serving {
            ready_at: now,
            expires_at: now.plus_us(self.options.zygote_age_max_us),
            forks: 0,
        };
        self.zygotes.set(id, state);
    }

    /// Counts the failure, if it is one, and gives up on the children that die with it.
    pub(super) fn zygote_gone(&mut self, id: ZygoteId, now: Time) {
        let Some(state) = self.zygotes.state(id) else {
            self.drop_late();
            return;
        };
        match state {
            ZygoteState::Starting { .. } => self.zygote_backoff.fail(now),
            ZygoteState::Serving { ready_at, .. } | ZygoteState::Expiring { ready_at } => {
                self.current_zygote_died(ready_at, now);
            }
            ZygoteState::Retiring | ZygoteState::Stopping { .. } | ZygoteState::Doomed => {}
            ZygoteState::Gone => {
                self.drop_late();
                return;
            }
        }
        self.zygotes.set(id, ZygoteState::Gone);
        for child in self.zygotes.children_of(id) {
            if self
                .children
                .get(child)
                .is_some_and(|c| c.state.is_unspawned())
            {
                self.children.remove(child);
                self.zygotes.forget_child(id, child);
            }
        }
        self.kill_waiting(self.zygotes.children_of(id), now);
        self.stop_if_childless(id, now);
    }

    /// A successor starts at once, unless this one had the same fate as the one before it.
    fn current_zygote_died(&mut self, ready_at: Time, now: Time) {
        if now.saturating_since(ready_at) >= self.options.backoff_max_us {
            self.zygote_backoff.reset();
        }
        self.zygote_backoff.fail_first_is_free(now);
    }

    pub(super) fn zygote_deadline(&mut self, id: ZygoteId, now: Time) {
        let Some(state) = self.zygotes.state(id) else {
            return;
        };
        match state {
            ZygoteState::Starting { .. } => {
                self.zygote_backoff.fail(now);
                self.kill_zygote(id);
            }
            ZygoteState::Serving { ready_at, .. } => {
                self.zygotes.set(id, ZygoteState::Expiring { ready_at });
            }
            ZygoteState::Stopping { .. } => self.kill_zygote(id),
            ZygoteState::Expiring { .. }
            | ZygoteState::Retiring
            | ZygoteState::Doomed
            | ZygoteState::Gone => debug_assert!(false, "a zygote in {state:?} has no deadline"),
        }
    }

    pub(super) fn count_fork(&mut self, id: ZygoteId) {
        if let Some(state) = self.zygotes.state(id) {
            let state = state.forked(self.options.zygote_forks_max);
            self.zygotes.set(id, state);
        }
    }

    /// A child died in a way that throws doubt on the zygote: it forks no more, successor or not,
    /// and those of its children that share its layout and have no job yet never get one.
    pub(super) fn suspect(&mut self, id: ZygoteId, now: Time) {
        if self.zygotes.current() == Some(id) {
            self.zygotes.set(id, ZygoteState::Retiring);
        }
        self.kill_waiting(self.zygotes.children_of(id), now);
    }

    /// No more forks from this one; it stops when its last child is gone.
    pub(super) fn retire(&mut self, id: ZygoteId, now: Time) {
        self.zygotes.set(id, ZygoteState::Retiring);
        self.stop_if_childless(id, now);
    }

    /// Ends a zygote that has nothing left to do, or the memory of one that has already ended.
    pub(super) fn stop_if_childless(&mut self, id: ZygoteId, now: Time) {
        let Some(zygote) = self.zygotes.get(id) else {
            return;
        };
        if !zygote.children.is_empty() {
            return;
        }
        match zygote.state {
            ZygoteState::Retiring => {
                let gone_by = now.plus_us(self.options.start_limit_us);
                self.zygotes.set(id, ZygoteState::Stopping { gone_by });
                self.emit(Output::StopZygote { zygote: id });
            }
            ZygoteState::Gone => self.zygotes.remove(id),
            ZygoteState::Starting { .. }
            | ZygoteState::Serving { .. }
            | ZygoteState::Expiring { .. }
            | ZygoteState::Stopping { .. }
            | ZygoteState::Doomed => {}
        }
    }

    /// A zygote that neither forks nor reaps holds its children's places for ever. Its running
    /// children die with it; without it nobody would learn of their end anyway.
    pub(super) fn kill_stuck_zygote(&mut self, id: ZygoteId, now: Time) {
        if self.zygotes.state(id) != Some(ZygoteState::Gone) {
            self.kill_zygote(id);
            self.kill_waiting(self.zygotes.children_of(id), now);
        }
    }

    fn kill_zygote(&mut self, id: ZygoteId) {
        self.zygotes.set(id, ZygoteState::Doomed);
        self.counters.zygote_kills += 1;
        self.emit(Output::KillZygote { zygote: id });
    }
}
