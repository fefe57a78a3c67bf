//! Pending timers: the host's clock for the functions that `js/bridge.js` keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::watchdog::now;

/// Pending timers in the order in which they are due; equal ones in the order of their start.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: BTreeSet<(Instant, u64)>,
    by_id: BTreeMap<u64, (Instant, Option<Duration>)>,
}

impl Timers {
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn start(&mut self, id: u64, delay: Duration, repeat: bool) {
        let at = now() + delay;
        self.due.insert((at, id));
        self.by_id.insert(id, (at, repeat.then_some(delay)));
    }

    pub(crate) fn stop(&mut self, id: u64) {
        if let Some((at, _)) = self.by_id.remove(&id) {
            self.due.remove(&(at, id));
        }
    }

    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes the next timer that is due; a repeating one is put back for its next time.
    pub(crate) fn take_due(&mut self, time: Instant) -> Option<u64> {
        let (at, id) = *self.due.first()?;
        if at > time {
            return None;
        }
        self.due.remove(&(at, id));
        let (_, repeat) = self.by_id.remove(&id)?;
        if let Some(delay) = repeat {
            self.start(id, delay, true);
        }
        Some(id)
    }
}
