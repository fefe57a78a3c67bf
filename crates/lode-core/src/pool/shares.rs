//! [`Shares`]: what each app runs and waits for, and so whose job is next.
//!
//! Two orders over the apps, each by the ticket of the app's first job that could start: one of
//! the apps that run nothing, for which places are kept, and one of those that run something but
//! less than their share. What comes next is the first of one or of both.

use std::collections::{BTreeMap, BTreeSet};

use crate::fifo::Ticket;
use crate::{AppKey, HookKey};

/// An app that runs or waits for something.
#[derive(Debug, Default)]
pub(super) struct App {
    pub(super) running: usize,
    pub(super) waiting: usize,
    /// Waiting jobs whose hook has no wait on.
    pub(super) startable: usize,
    /// The first waiting job of each hook that has no wait on.
    pub(super) heads: BTreeSet<(Ticket, HookKey)>,
}

impl App {
    /// Its first job that could start if it were only for the app.
    fn next(&self, share: usize) -> Option<Ticket> {
        let (ticket, _) = self.heads.first()?;
        (self.running < share).then_some(*ticket)
    }

    /// Children that the app could put to use, beyond those it has.
    fn demand(&self, share: usize) -> usize {
        self.startable.min(share.saturating_sub(self.running))
    }
}

/// All apps that run or wait for something. The orders and the demand follow from the apps;
/// [`Shares::change`] is the only place that changes one.
#[derive(Debug)]
pub(super) struct Shares {
    share: usize,
    apps: BTreeMap<AppKey, App>,
    newcomers: BTreeSet<(Ticket, AppKey)>,
    others: BTreeSet<(Ticket, AppKey)>,
    demand: usize,
    running_apps: usize,
}

impl Shares {
    pub(super) fn new(share: usize) -> Self {
        Self {
            share,
            apps: BTreeMap::new(),
            newcomers: BTreeSet::new(),
            others: BTreeSet::new(),
            demand: 0,
            running_apps: 0,
        }
    }

    /// Changes what is known of one app.
    pub(super) fn change(&mut self, key: AppKey, change: impl FnOnce(&mut App)) {
        let mut app = self.apps.remove(&key).unwrap_or_default();
        self.demand -= app.demand(self.share);
        self.running_apps -= usize::from(app.running > 0);
        if let Some(ticket) = app.next(self.share) {
            self.order_of(&app).remove(&(ticket, key));
        }
        change(&mut app);
        self.demand += app.demand(self.share);
        self.running_apps += usize::from(app.running > 0);
        if let Some(ticket) = app.next(self.share) {
            self.order_of(&app).insert((ticket, key));
        }
        if app.running > 0 || app.waiting > 0 {
            self.apps.insert(key, app);
        }
    }

    fn order_of(&mut self, app: &App) -> &mut BTreeSet<(Ticket, AppKey)> {
        if app.running == 0 {
            &mut self.newcomers
        } else {
            &mut self.others
        }
    }

    /// The waiting job that is next; with only the kept places left, one of an app that runs
    /// nothing.
    pub(super) fn next(&self, only_newcomers: bool) -> Option<Ticket> {
        let newcomer = self.newcomers.first();
        let other = self.others.first().filter(|_| !only_newcomers);
        newcomer
            .into_iter()
            .chain(other)
            .map(|(ticket, _)| *ticket)
            .min()
    }

    /// Children that the waiting jobs could put to use if every place were for all. Some of it may
    /// have to wait for the kept places, which is no reason not to have children there.
    pub(super) fn demand(&self) -> usize {
        self.demand
    }

    pub(super) fn get(&self, key: AppKey) -> Option<&App> {
        self.apps.get(&key)
    }

    /// Apps that run something.
    pub(super) fn running_apps(&self) -> usize {
        self.running_apps
    }

    /// Panics if an order or a count disagrees with the apps, or one runs more than its share.
    pub(super) fn check(&self, running: usize, waiting: usize) {
        let mut sums = (0, 0, 0, 0);
        let mut queued = 0;
        for (key, app) in &self.apps {
            assert!(app.running <= self.share, "{key:?} has more than its share");
            assert!(app.startable <= app.waiting, "{key:?} counts wrongly");
            assert!(app.running + app.waiting > 0, "{key:?} has nothing here");
            sums.0 += app.running;
            sums.1 += app.waiting;
            sums.2 += app.demand(self.share);
            sums.3 += usize::from(app.running > 0);
            if let Some(ticket) = app.next(self.share) {
                queued += 1;
                let order = if app.running == 0 {
                    &self.newcomers
                } else {
                    &self.others
                };
                assert!(order.contains(&(ticket, *key)), "{key:?} is forgotten");
            }
        }
        assert_eq!(
            sums,
            (running, waiting, self.demand, self.running_apps),
            "the apps' counts are off"
        );
        let orders = self.newcomers.len() + self.others.len();
        assert_eq!(queued, orders, "an app is in line that has no job for it");
    }
}
