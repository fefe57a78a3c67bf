//! [`Room`]: the leased jobs that have no child, in the order in which they came.
//!
//! Jobs of one hook are a queue of their own: when the hook has to wait, the queue's head leaves
//! its app's line, and with it all that stand behind, in one step however many they are.

use std::collections::{BTreeMap, BTreeSet};

use super::jobs::LeasedJob;
use super::shares::Shares;
use crate::fifo::{Fifo, Ticket};
use crate::{AppKey, HookKey, Time};

/// A job and since when it waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) job: LeasedJob,
    pub(super) since: Time,
}

/// The waiting jobs of one hook; there is none without jobs.
#[derive(Debug, Default)]
struct HookQueue {
    tickets: BTreeSet<Ticket>,
    /// The end of the hook's wait, if one is on.
    blocked_until: Option<Time>,
}

impl HookQueue {
    /// How many of its jobs could start, and the first of them.
    fn startable(&self) -> (usize, Option<Ticket>) {
        match self.blocked_until {
            Some(_) => (0, None),
            None => (self.tickets.len(), self.tickets.first().copied()),
        }
    }
}

/// The waiting jobs and what their apps run. The indexes follow from the queues;
/// [`Room::change`] is the only place that changes one.
#[derive(Debug)]
pub(super) struct Room {
    jobs: Fifo<Waiting>,
    hooks: BTreeMap<(AppKey, HookKey), HookQueue>,
    unblocks: BTreeSet<(Time, AppKey, HookKey)>,
    shares: Shares,
}

impl Room {
    pub(super) fn new(share: usize) -> Self {
        Self {
            jobs: Fifo::new(),
            hooks: BTreeMap::new(),
            unblocks: BTreeSet::new(),
            shares: Shares::new(share),
        }
    }

    /// The job waits behind all others; not before `blocked_until`, if that is given. A wait that
    /// the hook's earlier jobs have holds for it, too.
    pub(super) fn enter(
        &mut self,
        job: LeasedJob,
        since: Time,
        blocked_until: Option<Time>,
    ) -> Ticket {
        let ticket = self.jobs.push(Waiting { job, since });
        self.change((job.app, job.hook), |queue| {
            if queue.tickets.is_empty() {
                queue.blocked_until = blocked_until;
            }
            queue.tickets.insert(ticket);
        });
        ticket
    }

    /// The job waits no longer.
    pub(super) fn leave(&mut self, ticket: Ticket) -> Option<LeasedJob> {
        let Waiting { job, .. } = self.jobs.remove(ticket)?;
        self.change((job.app, job.hook), |queue| {
            queue.tickets.remove(&ticket);
        });
        Some(job)
    }

    /// The hook's waiting jobs may not start before `until`.
    pub(super) fn block(&mut self, app: AppKey, hook: HookKey, until: Time) {
        self.change((app, hook), |queue| queue.blocked_until = Some(until));
    }

    /// The hook's waiting jobs may start.
    pub(super) fn unblock(&mut self, app: AppKey, hook: HookKey) {
        self.change((app, hook), |queue| queue.blocked_until = None);
    }

    /// Ends the waits that end at or before `now`.
    pub(super) fn unblock_due(&mut self, now: Time) {
        while let Some((until, app, hook)) = self.unblocks.first().copied() {
            if until > now {
                break;
            }
            self.unblock(app, hook);
        }
    }

    /// When the next wait of a hook ends that has waiting jobs.
    pub(super) fn next_unblock(&self) -> Option<Time> {
        self.unblocks.first().map(|(until, ..)| *until)
    }

    fn change(&mut self, key: (AppKey, HookKey), change: impl FnOnce(&mut HookQueue)) {
        let (app, hook) = key;
        let mut queue = self.hooks.remove(&key).unwrap_or_default();
        let (old_len, old) = (queue.tickets.len(), queue.startable());
        if let Some(until) = queue.blocked_until {
            self.unblocks.remove(&(until, app, hook));
        }
        change(&mut queue);
        let (len, new) = (queue.tickets.len(), queue.startable());
        self.shares.change(app, |app| {
            app.waiting = app.waiting + len - old_len;
            app.startable = app.startable + new.0 - old.0;
            if let Some(ticket) = old.1 {
                app.heads.remove(&(ticket, hook));
            }
            if let Some(ticket) = new.1 {
                app.heads.insert((ticket, hook));
            }
        });
        if len > 0 {
            if let Some(until) = queue.blocked_until {
                self.unblocks.insert((until, app, hook));
            }
            self.hooks.insert(key, queue);
        }
    }

    /// One more job of the app runs.
    pub(super) fn app_started(&mut self, app: AppKey) {
        self.shares.change(app, |app| app.running += 1);
    }

    /// One job of the app runs no longer.
    pub(super) fn app_ended(&mut self, app: AppKey) {
        self.shares.change(app, |app| app.running -= 1);
    }

    pub(super) fn shares(&self) -> &Shares {
        &self.shares
    }

    /// The job that waits for longest.
    pub(super) fn first(&self) -> Option<Waiting> {
        self.jobs.first().copied()
    }

    pub(super) fn get(&self, ticket: Ticket) -> Option<Waiting> {
        self.jobs.get(ticket).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Waiting jobs of one app.
    pub(super) fn len_of(&self, app: AppKey) -> usize {
        self.shares.get(app).map_or(0, |app| app.waiting)
    }

    /// Panics if a queue disagrees with the jobs, or an index with the queues.
    pub(super) fn check(&self, running: usize) {
        self.shares.check(running, self.jobs.len());
        let (mut queued, mut blocked) = (0, 0);
        for ((app, hook), queue) in &self.hooks {
            assert!(!queue.tickets.is_empty(), "{hook:?} has nothing here");
            for ticket in &queue.tickets {
                let at = self.jobs.get(*ticket).map(|w| (w.job.app, w.job.hook));
                assert_eq!(at, Some((*app, *hook)), "{hook:?} has a job not its own");
            }
            queued += queue.tickets.len();
            if let Some(until) = queue.blocked_until {
                blocked += 1;
                let timer = (until, *app, *hook);
                assert!(self.unblocks.contains(&timer), "{hook:?} waits for ever");
            } else {
                let head = queue.tickets.first().map(|ticket| (*ticket, *hook));
                let app = self.shares.get(*app).map(|app| &app.heads);
                let is_in_line = head.is_some_and(|head| app.is_some_and(|a| a.contains(&head)));
                assert!(is_in_line, "{hook:?} is not in its app's line");
            }
        }
        assert_eq!(queued, self.jobs.len(), "a waiting job is in no queue");
        assert_eq!(blocked, self.unblocks.len(), "a timer outlived its wait");
    }
}
