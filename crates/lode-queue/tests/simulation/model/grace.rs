//! The queue itself was out of reach, or its clock was set back: nobody is lost for that.

use super::{Bug, Model, Ms, State};

/// Clocks differ by less.
const CLOCK_SLACK: Ms = 1_000;

impl Model {
    /// What every lease and tend does first. When nobody was seen for long, then the queue was out
    /// of reach, and until the grace is over nothing is taken back from anybody. Who is alone and
    /// looks in seldom does not know the one from the other: without somebody who tends steadily
    /// there is no next grace until twice its length has passed.
    pub(super) fn observe(&mut self, now: Ms, tends: bool) {
        let length = self.grace_length();
        if self.grace > now + length {
            self.grace = 0;
        }
        self.set_back(now);
        let silence = self.options.worker_timeout / 2;
        let gap = self
            .seen
            .is_some_and(|seen| now.saturating_sub(seen) > silence);
        let again = now > self.grace + 2 * length || self.has(Bug::GraceAtEveryGap);
        if gap && (self.steady || again) && !self.has(Bug::OutageLosesAll) {
            self.grace = now + length;
            self.steady = false;
        }
        if tends {
            self.steady |= !gap;
            self.seen = Some(now);
        }
    }

    pub(crate) fn grace_length(&self) -> Ms {
        let options = &self.options;
        options
            .worker_timeout
            .max(options.lease)
            .min(options.grace_max)
    }

    /// A clock that was set back leaves times behind that would come far too late.
    fn set_back(&mut self, now: Ms) {
        if self.has(Bug::ClockSetBackHoldsLeases) {
            return;
        }
        let expires = now + self.options.lease;
        let leases = self
            .jobs
            .values_mut()
            .filter_map(|job| match &mut job.state {
                State::Leased(lease) => Some(lease),
                State::Unrunnable { lease, .. } => lease.as_mut(),
                State::Delayed { .. } | State::Queued => None,
            });
        for lease in leases.filter(|lease| lease.expires > expires + CLOCK_SLACK) {
            // One that the bug of the forgotten lease has made has no end.
            if lease.expires != Ms::MAX {
                lease.expires = expires;
            }
        }
        let beats = self.beats.values_mut();
        for beat in beats.filter(|beat| **beat > now + CLOCK_SLACK) {
            *beat = now;
        }
    }
}
