//! The ways out of a lease: settled, handed back, lost; and cancellation.

use super::{Bug, Cancelled, Job, Model, Ms, NewJob, Settle, State, Why, is_usable};

impl Model {
    /// Ends a job, in one step.
    pub(crate) fn settle(&mut self, now: Ms, id: &str, token: &str, settle: &Settle) -> bool {
        let blind = self.has(Bug::SettleWithoutToken);
        if !blind && !self.owns(id, token) {
            return false;
        }
        let Some(job) = self.jobs.remove(id) else {
            return false;
        };
        self.counters.settled += 1;
        let joined = if self.has(Bug::OutcomeForTheJobsListOnly) {
            &[]
        } else {
            job.joined.as_slice()
        };
        let blind = self.has(Bug::UnusableListTold);
        let mut dead = settle.dead;
        for list in job.new.reply_to.iter().chain(joined) {
            if blind || is_usable(list) || joined.contains(list) {
                self.pushed.push((list.clone(), settle.outcome.clone()));
            } else {
                self.counters.undelivered += 1;
                dead = true;
            }
        }
        self.keep(now, &job, &settle.outcome);
        if let Some(key) = &job.new.dedupe_key {
            let key = (job.new.app.clone(), key.clone());
            if self
                .dedupe
                .get(&key)
                .is_some_and(|entry| entry.seq == job.seq && entry.until.is_none())
            {
                self.dedupe.remove(&key);
            }
        }
        if dead {
            self.dead.push((id.to_owned(), job.new));
        }
        self.refresh(now);
        true
    }

    /// Keeps the outcome of a job that named its id and was not refused.
    fn keep(&mut self, now: Ms, job: &Job, outcome: &str) {
        let refused = |why: &Why| {
            matches!(
                why,
                Why::AppQueueFull { .. } | Why::QueueFull { .. } | Why::Duplicate { .. }
            )
        };
        let refused = matches!(&job.state, State::Unrunnable { why, .. } if refused(why));
        let ttl = self.options.result_ttl;
        if let Some(id) = job
            .new
            .id
            .clone()
            .filter(|_| !refused && ttl > 0 && !self.has(Bug::ResultNotKept))
        {
            self.results
                .insert((job.new.app.clone(), id), (outcome.to_owned(), now + ttl));
        }
    }

    /// Hands back a job that was not started: neither the attempt nor the start is counted.
    pub(crate) fn release(&mut self, now: Ms, id: &str, token: &str) -> bool {
        if !self.owns(id, token) {
            return false;
        }
        let forgets = self.has(Bug::DeadlineForgottenByRelease);
        self.start_back(now, id, Bug::ReleaseKeepsTheRate, false);
        let job = self.jobs.get_mut(id).expect("it is leased");
        if job.state.is_live() {
            job.attempts -= 1;
            if forgets {
                job.new.deadline = None;
            }
        }
        self.come_back(id);
        self.refresh(now);
        true
    }

    /// Hands back a job after a platform failure: the attempt is counted.
    pub(crate) fn retry(&mut self, now: Ms, id: &str, token: &str, delay: Ms) -> bool {
        if !self.owns(id, token) {
            return false;
        }
        self.start_back(now, id, Bug::RetryGivesTheRateBack, true);
        if self.has(Bug::RetryUncounted) {
            self.jobs.get_mut(id).expect("it is leased").attempts -= 1;
        }
        self.come_back(id);
        let job = self.jobs.get_mut(id).expect("it came back");
        if job.state == State::Queued && delay > 0 {
            job.state = State::Delayed { due: now + delay };
        }
        self.refresh(now);
        true
    }

    /// Gives a start back, or with this bug does not; `only`: does so with this bug alone.
    fn start_back(&mut self, now: Ms, id: &str, bug: Bug, only: bool) {
        let job = &self.jobs[id].new;
        let (app, hook) = (job.app.clone(), job.hook.clone());
        if self.jobs[id].state.is_live() && self.has(bug) == only {
            self.take_start_back(now, &app, &hook);
        }
    }

    /// All leases of a worker that is gone.
    pub(super) fn lose_all_of(&mut self, _now: Ms, handle: u64, counted: bool) {
        for id in self.ids(|job| {
            job.state
                .lease()
                .is_some_and(|lease| lease.handle == handle)
        }) {
            self.lose(&id, counted);
        }
    }

    /// A lease ended without a word of its worker. `counted`: the job may be what killed it.
    pub(super) fn lose(&mut self, id: &str, counted: bool) {
        self.counters.reclaimed += 1;
        if self.has(Bug::LostJobForgotten) {
            self.jobs.remove(id);
            return;
        }
        let (poison, attempts_max) = (self.options.poison_losses, self.options.max_attempts);
        let (anyway, uncounted) = (
            self.has(Bug::ExpiredRunsAgainWhoeverItIs),
            self.has(Bug::LossesNotCounted),
        );
        let job = self.jobs.get_mut(id).expect("it is leased");
        if !job.state.is_live() || job.cancelled || (anyway && job.attempts < attempts_max) {
            return self.come_back(id);
        }
        if !job.new.idempotent {
            return self.doom(id, Why::WorkerLost);
        }
        job.losses += u32::from(counted && !uncounted);
        let workers = job.losses;
        if workers >= poison {
            return self.doom(id, Why::Poison { workers });
        }
        self.come_back(id);
    }

    /// A lease is over and the job is not: back to its lane, or out of the running.
    fn come_back(&mut self, id: &str) {
        let forgets = self.has(Bug::UnrunnableLeaseForgotten);
        let cancel_forgotten = self.has(Bug::CancelForgottenByReturn);
        let job = self.jobs.get_mut(id).expect("it was leased");
        if let State::Unrunnable { lease, .. } = &mut job.state {
            if !forgets {
                *lease = None;
            } else if let Some(lease) = lease {
                lease.expires = Ms::MAX;
            }
        } else if job.cancelled && !cancel_forgotten {
            self.doom(id, Why::Cancelled);
        } else {
            self.queue_up(id);
        }
    }

    /// Into its app's line, at the place of its priority and arrival, unless it has had its chances.
    pub(super) fn queue_up(&mut self, id: &str) {
        let attempts_max = self.options.max_attempts;
        let job = self.jobs.get_mut(id).expect("it is live");
        if job.attempts >= attempts_max {
            return self.doom(id, Why::TooManyAttempts);
        }
        job.state = State::Queued;
    }

    /// The job will not run any more; it waits for its outcome.
    pub(super) fn doom(&mut self, id: &str, why: Why) {
        let place = self.next_seq();
        let job = self.jobs.get_mut(id).expect("it is live");
        job.state = State::Unrunnable {
            why,
            place,
            lease: None,
        };
    }

    /// Cancels a live job; takes in what is in front of the inbox, so that one just sent is found.
    pub(crate) fn cancel(&mut self, now: Ms, id: &str, app: Option<&str>) -> Cancelled {
        self.admit(now);
        let answer = self.cancel_admitted(id, app);
        self.refresh(now);
        answer
    }

    pub(super) fn cancel_admitted(&mut self, id: &str, app: Option<&str>) -> Cancelled {
        let Some(id) = self.find(id, app) else {
            return Cancelled::NotFound;
        };
        let misses = self.has(Bug::CancelMissesDelayed);
        let job = self.jobs.get_mut(&id).expect("just found");
        match &job.state {
            State::Unrunnable { .. } => Cancelled::NotFound,
            State::Leased(_) => {
                self.counters.cancelled += u64::from(!job.cancelled);
                job.cancelled = true;
                Cancelled::Running
            }
            State::Delayed { .. } if misses => Cancelled::Queued,
            State::Delayed { .. } | State::Queued => {
                self.counters.cancelled += 1;
                self.doom(&id, Why::Cancelled);
                Cancelled::Queued
            }
        }
    }

    /// The id under which a job of this id (and app) lives.
    pub(crate) fn find(&self, id: &str, app: Option<&str>) -> Option<String> {
        let Some(app) = app else {
            return self.jobs.contains_key(id).then(|| id.to_owned());
        };
        self.live_of(app, id)
    }

    /// The running jobs of a worker that were cancelled.
    pub(super) fn cancelled_of(&self, handle: u64) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (id, job) in &self.jobs {
            if let State::Leased(lease) = &job.state
                && job.cancelled
                && lease.handle == handle
            {
                found.push((id.clone(), lease.token.clone()));
            }
        }
        found
    }

    /// Takes dead jobs, all or those of one id, off their list unless one of their id or dedupe key
    /// is live; they are to be enqueued anew, and what was kept of their first life is forgotten.
    pub(crate) fn take_dead(&mut self, pick: Option<&str>) -> Vec<NewJob> {
        let all = std::mem::take(&mut self.dead).into_iter();
        let (back, stay): (Vec<_>, Vec<_>) = all.partition(|(id, job)| {
            let named = job.id.as_ref().unwrap_or(id);
            let key_of = |other: &Job| {
                let same_key = other.new.dedupe_key == job.dedupe_key;
                same_key && job.dedupe_key.is_some() && other.new.app == job.app
            };
            let live = self.live_of(&job.app, named).is_some() || self.jobs.values().any(key_of);
            let stays = live || self.beyond_bounds(&job.app).is_some();
            pick.is_none_or(|pick| pick == id) && !stays
        });
        self.dead = stay;
        for (_, job) in &back {
            if let Some(named) = &job.id {
                self.results.remove(&(job.app.clone(), named.clone()));
            }
            if let Some(key) = &job.dedupe_key {
                self.dedupe.remove(&(job.app.clone(), key.clone()));
            }
        }
        back.into_iter().map(|(_, job)| job).collect()
    }

    fn owns(&self, id: &str, token: &str) -> bool {
        let lease = self.jobs.get(id).and_then(|job| job.state.lease());
        lease.is_some_and(|lease| lease.token == token)
    }
}
