//! [`Zygotes`]: all zygotes, which of them is current, and which one starts.

use std::collections::{BTreeMap, BTreeSet};

use super::zygote::{Zygote, ZygoteState};
use crate::{ChildId, Time, ZygoteId};

/// The registry of zygotes. `current` and `starting` follow from the states, as the deadlines
/// do; [`Zygotes::set`] is the only place that changes a state.
#[derive(Debug)]
pub(super) struct Zygotes {
    by_id: BTreeMap<ZygoteId, Zygote>,
    current: Option<ZygoteId>,
    starting: Option<ZygoteId>,
    deadlines: BTreeSet<(Time, ZygoteId)>,
    started_ever: u64,
    gone: usize,
}

impl Zygotes {
    pub(super) fn new() -> Self {
        Self {
            by_id: BTreeMap::new(),
            current: None,
            starting: None,
            deadlines: BTreeSet::new(),
            started_ever: 0,
            gone: 0,
        }
    }

    /// A new zygote, the only one that starts.
    pub(super) fn start(&mut self, ready_by: Time) -> ZygoteId {
        self.started_ever += 1;
        let id = ZygoteId(self.started_ever);
        let state = ZygoteState::Starting { ready_by };
        let children = BTreeSet::new();
        self.by_id.insert(id, Zygote { state, children });
        self.enter(id, state);
        id
    }

    pub(super) fn get(&self, id: ZygoteId) -> Option<&Zygote> {
        self.by_id.get(&id)
    }

    pub(super) fn state(&self, id: ZygoteId) -> Option<ZygoteState> {
        self.by_id.get(&id).map(|zygote| zygote.state)
    }

    /// Moves a zygote to another state; one that is not there stays away.
    pub(super) fn set(&mut self, id: ZygoteId, state: ZygoteState) {
        let Some(zygote) = self.by_id.get_mut(&id) else {
            return;
        };
        let old = std::mem::replace(&mut zygote.state, state);
        self.leave(id, old);
        self.enter(id, state);
    }

    pub(super) fn remove(&mut self, id: ZygoteId) {
        if let Some(zygote) = self.by_id.remove(&id) {
            self.leave(id, zygote.state);
        }
    }

    pub(super) fn add_child(&mut self, id: ZygoteId, child: ChildId) {
        if let Some(zygote) = self.by_id.get_mut(&id) {
            zygote.children.insert(child);
        }
    }

    pub(super) fn forget_child(&mut self, id: ZygoteId, child: ChildId) {
        if let Some(zygote) = self.by_id.get_mut(&id) {
            zygote.children.remove(&child);
        }
    }

    /// The children of one zygote, oldest first.
    pub(super) fn children_of(&self, id: ZygoteId) -> Vec<ChildId> {
        let zygote = self.by_id.get(&id);
        zygote.map_or_else(Vec::new, |z| z.children.iter().copied().collect())
    }

    pub(super) fn current(&self) -> Option<ZygoteId> {
        self.current
    }

    pub(super) fn starting(&self) -> Option<ZygoteId> {
        self.starting
    }

    pub(super) fn due(&self, now: Time) -> Option<ZygoteId> {
        let (deadline, id) = self.deadlines.first()?;
        (*deadline <= now).then_some(*id)
    }

    pub(super) fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    pub(super) fn started_ever(&self) -> u64 {
        self.started_ever
    }

    /// Zygotes that are not known to have ended.
    pub(super) fn processes(&self) -> usize {
        self.by_id.len() - self.gone
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ZygoteId, &Zygote)> + '_ {
        self.by_id.iter().map(|(id, zygote)| (*id, zygote))
    }

    fn enter(&mut self, id: ZygoteId, state: ZygoteState) {
        if let Some(deadline) = state.deadline() {
            self.deadlines.insert((deadline, id));
        }
        match state {
            ZygoteState::Starting { .. } => self.starting = Some(id),
            ZygoteState::Serving { .. } | ZygoteState::Expiring { .. } => self.current = Some(id),
            ZygoteState::Gone => self.gone += 1,
            ZygoteState::Retiring | ZygoteState::Stopping { .. } | ZygoteState::Doomed => {}
        }
    }

    fn leave(&mut self, id: ZygoteId, state: ZygoteState) {
        if let Some(deadline) = state.deadline() {
            self.deadlines.remove(&(deadline, id));
        }
        match state {
            ZygoteState::Starting { .. } => self.starting = None,
            ZygoteState::Serving { .. } | ZygoteState::Expiring { .. } => self.current = None,
            ZygoteState::Gone => self.gone -= 1,
            ZygoteState::Retiring | ZygoteState::Stopping { .. } | ZygoteState::Doomed => {}
        }
    }

    /// Panics if an index disagrees with the states, or two zygotes are current or starting.
    pub(super) fn check(&self) {
        let mut current = None;
        let mut starting = None;
        let mut deadlines = 0;
        let mut gone = 0;
        for (id, zygote) in self.iter() {
            if zygote.state.is_current() {
                assert_eq!(current.replace(id), None, "two current zygotes");
            }
            if matches!(zygote.state, ZygoteState::Starting { .. }) {
                assert_eq!(starting.replace(id), None, "two starting zygotes");
            }
            if let Some(deadline) = zygote.state.deadline() {
                deadlines += 1;
                assert!(
                    self.deadlines.contains(&(deadline, id)),
                    "{id:?} has a deadline that no timer knows"
                );
            }
            gone += usize::from(zygote.state == ZygoteState::Gone);
        }
        assert_eq!((current, starting), (self.current, self.starting));
        assert_eq!(
            deadlines,
            self.deadlines.len(),
            "a timer outlived its state"
        );
        assert_eq!(gone, self.gone, "the count of ended zygotes is off");
    }
}
