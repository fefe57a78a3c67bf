//! [`Children`]: all children, with the indexes that keep every event cheap.
//!
//! The idle queue, the deadlines and the counts follow from the states; [`Children::set`] is the
//! only place that changes a state, so they cannot drift apart.

use std::collections::{BTreeMap, BTreeSet};

use super::child::{Child, ChildState};
use crate::fifo::Fifo;
use crate::{ChildCounts, ChildId, Time, ZygoteId};

/// The registry of children.
#[derive(Debug)]
pub(super) struct Children {
    by_id: BTreeMap<ChildId, Child>,
    idle: Fifo<ChildId>,
    deadlines: BTreeSet<(Time, ChildId)>,
    counts: ChildCounts,
    requested_ever: u64,
}

impl Children {
    pub(super) fn new() -> Self {
        Self {
            by_id: BTreeMap::new(),
            idle: Fifo::new(),
            deadlines: BTreeSet::new(),
            counts: ChildCounts::default(),
            requested_ever: 0,
        }
    }

    /// A new child, asked of `zygote`.
    pub(super) fn request(&mut self, zygote: ZygoteId, ready_by: Time) -> ChildId {
        self.requested_ever += 1;
        let id = ChildId(self.requested_ever);
        let state = ChildState::Requested { ready_by };
        self.by_id.insert(id, Child { zygote, state });
        self.enter(id, state);
        id
    }

    pub(super) fn get(&self, id: ChildId) -> Option<Child> {
        self.by_id.get(&id).copied()
    }

    /// Moves a child to another state; a child that is not there stays away.
    pub(super) fn set(&mut self, id: ChildId, state: ChildState) {
        let Some(child) = self.by_id.get_mut(&id) else {
            return;
        };
        let old = std::mem::replace(&mut child.state, state);
        self.leave(id, old);
        self.enter(id, state);
    }

    /// Moves a child to the end of the idle queue.
    pub(super) fn set_idle(&mut self, id: ChildId) {
        let ticket = self.idle.push(id);
        self.set(id, ChildState::Idle { ticket });
    }

    pub(super) fn remove(&mut self, id: ChildId) -> Option<Child> {
        let child = self.by_id.remove(&id)?;
        self.leave(id, child.state);
        Some(child)
    }

    /// The child that has been idle for longest.
    pub(super) fn first_idle(&self) -> Option<ChildId> {
        self.idle.first().copied()
    }

    /// A child whose deadline is at or before `now`, the earliest first.
    pub(super) fn due(&self, now: Time) -> Option<ChildId> {
        let (deadline, id) = self.deadlines.first()?;
        (*deadline <= now).then_some(*id)
    }

    pub(super) fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    pub(super) fn counts(&self) -> &ChildCounts {
        &self.counts
    }

    pub(super) fn requested_ever(&self) -> u64 {
        self.requested_ever
    }

    /// All children in the order in which they were requested.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ChildId, Child)> + '_ {
        self.by_id.iter().map(|(id, child)| (*id, *child))
    }

    fn enter(&mut self, id: ChildId, state: ChildState) {
        *state.count_of(&mut self.counts) += 1;
        if let Some(deadline) = state.deadline() {
            self.deadlines.insert((deadline, id));
        }
    }

    fn leave(&mut self, id: ChildId, state: ChildState) {
        *state.count_of(&mut self.counts) -= 1;
        if let Some(deadline) = state.deadline() {
            self.deadlines.remove(&(deadline, id));
        }
        if let ChildState::Idle { ticket } = state {
            self.idle.remove(ticket);
        }
    }

    /// Panics if an index disagrees with the states.
    pub(super) fn check(&self) {
        let mut counts = ChildCounts::default();
        let mut deadlines = 0;
        for (id, child) in self.iter() {
            *child.state.count_of(&mut counts) += 1;
            if let Some(deadline) = child.state.deadline() {
                deadlines += 1;
                assert!(
                    self.deadlines.contains(&(deadline, id)),
                    "{id:?} has a deadline that no timer knows"
                );
            }
            if let ChildState::Idle { ticket } = child.state {
                assert_eq!(
                    self.idle.get(ticket),
                    Some(&id),
                    "{id:?} is not in the idle queue"
                );
            }
        }
        assert_eq!(counts, self.counts, "counts disagree with the states");
        assert_eq!(
            deadlines,
            self.deadlines.len(),
            "a timer outlived its state"
        );
        assert_eq!(
            counts.idle,
            self.idle.len(),
            "the idle queue holds a child that is not idle"
        );
    }
}
