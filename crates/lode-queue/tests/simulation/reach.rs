//! `Reach`: when the queue was out of reach, by somebody who is not the queue.

use crate::model::{Model, Ms};

/// See the file's head.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// When anybody tended last.
    last: Option<Ms>,
    /// Whether two looks have followed each other closely since the last grace began.
    steady: bool,
    /// Until then nobody may lose a lease.
    pub(crate) grace: Ms,
}

impl Reach {
    /// Somebody leases or tends now.
    pub(crate) fn look(&mut self, model: &Model, now: Ms, tends: bool) {
        let (silence, length) = (model.options.worker_timeout / 2, model.grace_length());
        let silent = self.last.map_or(0, |last| now.saturating_sub(last));
        if silent > silence && (self.steady || now > self.grace + 2 * length) {
            (self.grace, self.steady) = (now + length, false);
        }
        if tends {
            self.steady |= silent <= silence;
            self.last = Some(now);
        }
    }

    /// A server that took over knows what it has seen; a grace by a clock that was ahead is none.
    pub(crate) fn known_to(model: &Model, now: Ms) -> Self {
        let sound = model.grace <= now + model.grace_length();
        Self {
            last: model.seen,
            steady: model.steady,
            grace: if sound { model.grace } else { 0 },
        }
    }
}
