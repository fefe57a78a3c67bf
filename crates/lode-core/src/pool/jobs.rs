//! [`Jobs`]: every leased job that has no verdict yet, and where it is.

use std::collections::BTreeMap;

use super::room::Room;
use crate::fifo::Ticket;
use crate::{AppKey, ChildId, HookKey, JobKey, Time};

/// A job as it was leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LeasedJob {
    pub(super) key: JobKey,
    pub(super) app: AppKey,
    pub(super) hook: HookKey,
    pub(super) wall_limit_us: u64,
    pub(super) host_wait_limit_us: u64,
    pub(super) idempotent: bool,
}

/// Where an undecided job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Waits.
    Held(Ticket),
    /// Runs, for this app.
    On(ChildId, AppKey),
}

/// The undecided jobs. A job leaves with [`Jobs::close`], and only what closes it may decide it.
#[derive(Debug)]
pub(super) struct Jobs {
    places: BTreeMap<JobKey, Place>,
    room: Room,
}

impl Jobs {
    /// `share` is how many jobs of one app may run at one time.
    pub(super) fn new(share: usize) -> Self {
        Self {
            places: BTreeMap::new(),
            room: Room::new(share),
        }
    }

    pub(super) fn contains(&self, key: JobKey) -> bool {
        self.places.contains_key(&key)
    }

    /// The job waits behind those that already do, and for the end of its hook's wait.
    pub(super) fn hold(&mut self, job: LeasedJob, now: Time, blocked_until: Option<Time>) {
        let ticket = self.room.enter(job, now, blocked_until);
        self.places.insert(job.key, Place::Held(ticket));
    }

    /// Takes out the job that has waited for longest among those that may start; whoever takes it
    /// runs it. With `only_newcomers`, an app that runs something may start nothing.
    pub(super) fn take_next(&mut self, only_newcomers: bool) -> Option<LeasedJob> {
        let ticket = self.room.shares().next(only_newcomers)?;
        let job = self.room.leave(ticket)?;
        self.places.remove(&job.key);
        Some(job)
    }

    pub(super) fn run_on(&mut self, job: &LeasedJob, child: ChildId) {
        self.places.insert(job.key, Place::On(child, job.app));
        self.room.app_started(job.app);
    }

    /// Forgets an undecided job and says where it was; `None` if there is none of that key.
    pub(super) fn close(&mut self, key: JobKey) -> Option<Place> {
        let place = self.places.remove(&key)?;
        match place {
            Place::Held(ticket) => {
                self.room.leave(ticket);
            }
            Place::On(_, app) => self.room.app_ended(app),
        }
        Some(place)
    }

    /// The hook's jobs that wait go on doing so until then.
    pub(super) fn block(&mut self, app: AppKey, hook: HookKey, until: Time) {
        self.room.block(app, hook, until);
    }

    pub(super) fn unblock(&mut self, app: AppKey, hook: HookKey) {
        self.room.unblock(app, hook);
    }

    pub(super) fn unblock_due(&mut self, now: Time) {
        self.room.unblock_due(now);
    }

    pub(super) fn next_unblock(&self) -> Option<Time> {
        self.room.next_unblock()
    }

    /// True if a waiting job could start on an idle child.
    pub(super) fn has_next(&self, only_newcomers: bool) -> bool {
        self.room.shares().next(only_newcomers).is_some()
    }

    /// The job that has waited for longest, and since when.
    pub(super) fn first_held(&self) -> Option<(JobKey, Time)> {
        let first = self.room.first()?;
        Some((first.job.key, first.since))
    }

    pub(super) fn held(&self) -> usize {
        self.room.len()
    }

    pub(super) fn held_of(&self, app: AppKey) -> usize {
        self.room.len_of(app)
    }

    /// Children that the waiting jobs could put to use.
    pub(super) fn demand(&self) -> usize {
        self.room.shares().demand()
    }

    pub(super) fn place(&self, key: JobKey) -> Option<Place> {
        self.places.get(&key).copied()
    }

    /// Panics unless the undecided jobs are the held ones and `running` others, no app has more
    /// than its share of either (of the waiting ones, `held_of_app_max`), and of the running ones
    /// only `places_for_all` - 1 are not the only one of their app.
    pub(super) fn check(&self, running: usize, places_for_all: usize, held_of_app_max: usize) {
        self.room.check(running);
        let running_apps = self.room.shares().running_apps();
        assert!(
            running - running_apps < places_for_all,
            "a kept place went to an app that runs something"
        );
        assert_eq!(
            self.places.len(),
            self.room.len() + running,
            "a job is neither held nor running"
        );
        for (key, place) in &self.places {
            match place {
                Place::Held(ticket) => {
                    let job = self.room.get(*ticket).map(|waiting| waiting.job);
                    assert_eq!(job.map(|job| job.key), Some(*key), "{key:?} lost its place");
                    let held = job.map_or(0, |job| self.held_of(job.app));
                    assert!(held <= held_of_app_max, "an app fills the room: {held}");
                }
                Place::On(..) => {}
            }
        }
    }
}
