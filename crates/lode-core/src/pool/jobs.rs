//! [`Jobs`]: every leased job that has no verdict yet, and where it is.

use std::collections::BTreeMap;

use crate::fifo::{Fifo, Ticket};
use crate::{ChildId, JobKey};

/// A job as it was leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LeasedJob {
    pub(super) key: JobKey,
    pub(super) wall_limit_us: u64,
    pub(super) idempotent: bool,
}

/// Where an undecided job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Waits for a child.
    Held(Ticket),
    /// Runs.
    On(ChildId),
}

/// The undecided jobs. A job leaves with [`Jobs::close`], and only what closes it may decide it.
#[derive(Debug)]
pub(super) struct Jobs {
    places: BTreeMap<JobKey, Place>,
    held: Fifo<LeasedJob>,
}

impl Jobs {
    pub(super) fn new() -> Self {
        Self {
            places: BTreeMap::new(),
            held: Fifo::new(),
        }
    }

    pub(super) fn contains(&self, key: JobKey) -> bool {
        self.places.contains_key(&key)
    }

    /// The job waits for a child, behind those that already do.
    pub(super) fn hold(&mut self, job: LeasedJob) {
        let ticket = self.held.push(job);
        self.places.insert(job.key, Place::Held(ticket));
    }

    /// The job that has waited for longest; whoever takes it runs or closes it.
    pub(super) fn pop_held(&mut self) -> Option<LeasedJob> {
        let job = self.held.pop()?;
        self.places.remove(&job.key);
        Some(job)
    }

    pub(super) fn run_on(&mut self, key: JobKey, child: ChildId) {
        self.places.insert(key, Place::On(child));
    }

    /// Forgets an undecided job and says where it was; `None` if there is none of that key.
    pub(super) fn close(&mut self, key: JobKey) -> Option<Place> {
        let place = self.places.remove(&key)?;
        if let Place::Held(ticket) = place {
            self.held.remove(ticket);
        }
        Some(place)
    }

    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    pub(super) fn place(&self, key: JobKey) -> Option<Place> {
        self.places.get(&key).copied()
    }

    /// Panics unless the undecided jobs are the held ones and `running` others.
    pub(super) fn check(&self, running: usize) {
        assert_eq!(
            self.places.len(),
            self.held.len() + running,
            "a job is neither held nor running"
        );
        for (key, place) in &self.places {
            if let Place::Held(ticket) = place {
                let job = self.held.get(*ticket);
                assert_eq!(job.map(|job| job.key), Some(*key), "{key:?} lost its place");
            }
        }
    }
}
