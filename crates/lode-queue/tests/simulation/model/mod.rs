//! `Model`: the queue's specification as a state machine that one can run.
//!
//! Written from the specification, not from the implementations: no index, no batch of keys, every
//! question is answered by looking at all jobs. Time is an argument. `pushed` collects what goes to
//! reply lists; whoever drives the model takes it out.

mod admit;
mod bug;
mod ends;
mod grace;
mod pick;
mod types;

use std::collections::{BTreeMap, VecDeque};

pub(crate) use bug::Bug;
pub(crate) use types::{
    App, Cancelled, Counters, Dedupe, Entry, Job, Lease, Leased, Ms, NewJob, Options, Quota, Rate,
    Settle, State, Tended, Why, is_usable,
};

/// See the file's head.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) options: Options,
    pub(crate) bug: Bug,
    pub(crate) inbox: VecDeque<Entry>,
    pub(crate) jobs: BTreeMap<String, Job>,
    pub(crate) apps: BTreeMap<String, App>,
    /// The queue's virtual time: the tag of the latest start.
    pub(crate) virtual_time: u64,
    pub(crate) paused: bool,
    /// Workers that tend the queue, and when they last did.
    pub(crate) beats: BTreeMap<u64, Ms>,
    /// When anybody tended last, and whether somebody has done so steadily since the last grace.
    pub(crate) seen: Option<Ms>,
    pub(crate) steady: bool,
    /// Until then nothing is taken back: the queue was out of reach.
    pub(crate) grace: Ms,
    /// Outcomes kept, by app and the id that the job named; and until when.
    pub(crate) results: BTreeMap<(String, String), (String, Ms)>,
    pub(crate) dedupe: BTreeMap<(String, String), Dedupe>,
    /// The next tick of each schedule.
    pub(crate) schedules: BTreeMap<String, Ms>,
    pub(crate) dead: Vec<(String, NewJob)>,
    pub(crate) counters: Counters,
    /// Reply list and outcome, in order.
    pub(crate) pushed: Vec<(String, String)>,
    entries: u64,
    seq: u64,
}

impl Model {
    pub(crate) fn new(options: Options, bug: Bug) -> Self {
        Self {
            options,
            bug,
            inbox: VecDeque::new(),
            jobs: BTreeMap::new(),
            apps: BTreeMap::new(),
            virtual_time: 0,
            paused: false,
            beats: BTreeMap::new(),
            seen: None,
            steady: false,
            grace: 0,
            results: BTreeMap::new(),
            dedupe: BTreeMap::new(),
            schedules: BTreeMap::new(),
            dead: Vec::new(),
            counters: Counters::default(),
            pushed: Vec::new(),
            entries: 0,
            seq: 0,
        }
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == bug
    }

    /// The next number of a job's arrival or of a place in the unrunnable lane.
    fn next_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    /// Takes up to `max` jobs that may run; and some that may not, unless this handle gets those as
    /// it tends the queue.
    pub(crate) fn lease(
        &mut self,
        now: Ms,
        handle: u64,
        stem: &str,
        max: usize,
        not_of: &[String],
    ) -> Vec<Leased> {
        if max == 0 {
            return Vec::new();
        }
        self.observe(now, false);
        self.work(now);
        let mut out = Vec::new();
        if !self.beats.contains_key(&handle) || self.has(Bug::LeaseTellsWhoTends) {
            out = self.hand_unrunnable(now, handle, stem);
        }
        let doomed = out.len();
        while out.len() < doomed + max {
            let Some(id) = self.pick(now, not_of) else {
                break;
            };
            let lease = self.new_lease(now, handle, stem, out.len());
            let job = self.jobs.get_mut(&id).expect("it was picked just now");
            job.attempts += 1;
            out.push(handed(&id, job, &lease, None));
            job.state = State::Leased(lease);
        }
        self.refresh(now);
        out
    }

    /// A worker says that it lives, and learns what it must know.
    pub(crate) fn tend(&mut self, now: Ms, handle: u64, stem: &str) -> Tended {
        self.observe(now, true);
        self.beats.insert(handle, now);
        let timeout = self.options.worker_timeout;
        let lost: Vec<u64> = self
            .beats
            .iter()
            .filter(|(_, beat)| now >= self.grace && now.saturating_sub(**beat) > timeout)
            .map(|(handle, _)| *handle)
            .collect();
        for handle in lost {
            self.beats.remove(&handle);
            if !self.has(Bug::LostWorkerNotNoticed) {
                self.lose_all_of(now, handle, true);
            }
        }
        self.work(now);
        let unrunnable = self.hand_unrunnable(now, handle, stem);
        self.refresh(now);
        Tended {
            unrunnable,
            cancelled: self.cancelled_of(handle),
            bans: self.banned(now),
            due: self
                .schedules
                .iter()
                .filter(|(_, tick)| **tick <= now)
                .map(|(id, tick)| (id.clone(), *tick))
                .collect(),
            more: !self.inbox.is_empty() || self.is_somebody_to_be_told(),
        }
    }

    /// A worker ends in order; what it still holds comes back, and that is no loss.
    pub(crate) fn leave(&mut self, now: Ms, handle: u64) {
        self.beats.remove(&handle);
        self.lose_all_of(now, handle, false);
        self.refresh(now);
    }

    /// Gives a lease its full time again.
    pub(crate) fn extend(&mut self, now: Ms, id: &str, token: &str) -> bool {
        let expires = now + self.options.lease;
        let blind = self.has(Bug::ExtendIgnoresToken);
        let lease = self.jobs.get_mut(id).and_then(|job| job.state.lease_mut());
        match lease.filter(|lease| blind || lease.token == token) {
            Some(lease) => {
                lease.expires = expires;
                true
            }
            None => false,
        }
    }

    /// Replaces the quotas of all apps.
    pub(crate) fn set_quotas(&mut self, now: Ms, quotas: &[(String, Quota)]) {
        for app in self.apps.values_mut() {
            app.quota = Quota::default();
        }
        for (name, quota) in quotas {
            self.apps.entry(name.clone()).or_default().quota = quota.clone();
        }
        self.refresh(now);
    }

    /// No job of this app, or of any, starts until resumed.
    pub(crate) fn set_paused(&mut self, now: Ms, app: Option<&str>, paused: bool) -> bool {
        let flag = match app {
            Some(app) => &mut self.apps.entry(app.to_owned()).or_default().paused,
            None => &mut self.paused,
        };
        let changed = *flag != paused;
        *flag = paused;
        self.refresh(now);
        changed
    }

    /// Answers one due tick: its job comes in and the next one is set, once.
    pub(crate) fn fire(
        &mut self,
        now: Ms,
        id: &str,
        tick: Ms,
        next: Option<Ms>,
        job: NewJob,
    ) -> bool {
        if self.schedules.get(id) != Some(&tick) && !self.has(Bug::TickFiresTwice) {
            return false;
        }
        match next {
            Some(next) => self.schedules.insert(id.to_owned(), next),
            None => self.schedules.remove(id),
        };
        self.enqueue(now, job);
        true
    }

    /// A job of this app went bad. True when the app is suspended for it.
    pub(crate) fn bad_job(&mut self, now: Ms, app: &str) -> bool {
        let (window, forgiven) = (self.options.breaker_window, self.options.breaker_bad_jobs);
        let ban = self.options.breaker_ban;
        let for_ever = self.has(Bug::BreakerCountsForEver);
        let app = self.apps.entry(app.to_owned()).or_default();
        if forgiven == 0 || app.banned_until > now {
            return false;
        }
        app.bad
            .retain(|at| for_ever || now.saturating_sub(*at) < window);
        app.bad.push(now);
        let too_many = app.bad.len() > forgiven as usize;
        if too_many {
            app.bad.clear();
            app.banned_until = now + ban;
        }
        too_many
    }

    pub(crate) fn lift(&mut self, app: &str) {
        let app = self.apps.entry(app.to_owned()).or_default();
        app.bad.clear();
        app.banned_until = 0;
    }

    fn banned(&self, now: Ms) -> Vec<String> {
        let banned = self.apps.iter().filter(|(_, app)| app.banned_until > now);
        banned.map(|(name, _)| name.clone()).collect()
    }

    /// What every lease and tend does first, in this order.
    fn work(&mut self, now: Ms) {
        self.admit(now);
        self.promote(now);
        self.reclaim(now);
        self.expire(now);
    }

    /// Delayed jobs whose time has come.
    fn promote(&mut self, now: Ms) {
        for id in self.ids(|job| matches!(job.state, State::Delayed { due } if due <= now)) {
            self.queue_up(&id);
        }
    }

    /// Leases whose time is over count as losses.
    fn reclaim(&mut self, now: Ms) {
        if now < self.grace {
            return;
        }
        for id in self.ids(|job| job.state.lease().is_some_and(|lease| lease.expires <= now)) {
            self.lose(&id, true);
        }
    }

    /// Jobs that have not started when their deadline passes.
    fn expire(&mut self, now: Ms) {
        if self.has(Bug::DeadlineIgnored) {
            return;
        }
        let late = |job: &Job| {
            let waits = matches!(job.state, State::Delayed { .. } | State::Queued);
            let deadline = job.new.deadline.map(|deadline| job.at + deadline);
            waits && job.attempts == 0 && deadline.is_some_and(|deadline| deadline <= now)
        };
        for id in self.ids(late) {
            self.counters.expired += 1;
            self.doom(&id, Why::Expired);
        }
    }

    /// Jobs that only wait for their outcome, in the order in which they came to that.
    fn hand_unrunnable(&mut self, now: Ms, handle: u64, stem: &str) -> Vec<Leased> {
        let mut lane: Vec<(u64, String)> = Vec::new();
        for (id, job) in &self.jobs {
            if let State::Unrunnable {
                place, lease: None, ..
            } = job.state
            {
                lane.push((place, id.clone()));
            }
        }
        lane.sort();
        lane.truncate(self.options.unrunnable_batch);
        let mut out = Vec::new();
        for (_, id) in lane {
            let new = self.new_lease(now, handle, stem, out.len());
            let job = self.jobs.get_mut(&id).expect("it is in the lane");
            let State::Unrunnable { why, .. } = job.state.clone() else {
                continue;
            };
            out.push(handed(&id, job, &new, Some(why)));
            if let State::Unrunnable { lease, .. } = &mut job.state {
                *lease = Some(new);
            }
        }
        out
    }

    fn is_somebody_to_be_told(&self) -> bool {
        let mut states = self.jobs.values().map(|job| &job.state);
        states.any(|state| matches!(state, State::Unrunnable { lease: None, .. }))
    }

    /// The caller's stem makes tokens unique even when the queue forgets what it has given out.
    fn new_lease(&mut self, now: Ms, handle: u64, stem: &str, number: usize) -> Lease {
        let token = if self.has(Bug::TokensOfTheQueuesOwn) {
            format!("t{}", self.next_seq())
        } else {
            format!("{stem}.{number}")
        };
        Lease {
            token,
            handle,
            expires: now + self.options.lease,
        }
    }

    /// The ids of all jobs that `is` true of, by arrival.
    fn ids(&self, is: impl Fn(&Job) -> bool) -> Vec<String> {
        let mut found: Vec<(u64, &String)> = Vec::new();
        for (id, job) in &self.jobs {
            if is(job) {
                found.push((job.seq, id));
            }
        }
        found.sort();
        found.into_iter().map(|(_, id)| id.clone()).collect()
    }
}

impl State {
    pub(crate) fn lease(&self) -> Option<&Lease> {
        match self {
            Self::Leased(lease) => Some(lease),
            Self::Unrunnable { lease, .. } => lease.as_ref(),
            Self::Delayed { .. } | Self::Queued => None,
        }
    }

    fn lease_mut(&mut self) -> Option<&mut Lease> {
        match self {
            Self::Leased(lease) => Some(lease),
            Self::Unrunnable { lease, .. } => lease.as_mut(),
            Self::Delayed { .. } | Self::Queued => None,
        }
    }

    /// Delayed, queued or leased to run: what the bounds count.
    pub(crate) fn is_live(&self) -> bool {
        !matches!(self, Self::Unrunnable { .. })
    }
}

fn handed(id: &str, job: &Job, lease: &Lease, unrunnable: Option<Why>) -> Leased {
    Leased {
        id: id.to_owned(),
        token: lease.token.clone(),
        job: job.new.clone(),
        attempts: job.attempts,
        unrunnable,
    }
}
