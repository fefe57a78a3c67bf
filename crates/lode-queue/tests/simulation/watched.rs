//! `Watched`: the queue with somebody who looks over its shoulder at every step.
//!
//! Each operation goes to the model; what comes back is checked against the ledger, and what the
//! model holds against the bounds. An `Err` says what was broken.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::fairness::Fairness;
use crate::ledger::{Deed, Ledger};
use crate::model::{Cancelled, Leased, Model, Ms, NewJob, Quota, Settle, State, Tended, Why};
use crate::rates::Rates;
use crate::reach::Reach;

/// Steps that a failover can take back.
const SNAPSHOTS: usize = 25;

pub(crate) type Checked<T> = Result<T, String>;

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) model: Model,
    pub(crate) ledger: Ledger,
    pub(crate) fairness: Fairness,
    pub(crate) step: u64,
    /// The latest that the queue's clock has shown: the next server's may be behind it.
    latest: Ms,
    /// The queue as it was after earlier steps, when a failover may come.
    snapshots: Option<VecDeque<(u64, Model)>>,
    /// Whether shares are compared: not where workers pass over apps.
    fair: bool,
    tokens: BTreeSet<(String, String)>,
    rates: Rates,
    reach: Reach,
    bad: BTreeMap<String, Vec<Ms>>,
    /// Ids that cancellations in the inbox name.
    wished_away: BTreeSet<String>,
}

impl Watched {
    pub(crate) fn new(model: Model, failovers: bool, fair: bool) -> Self {
        Self {
            model,
            ledger: Ledger::default(),
            fairness: Fairness::default(),
            step: 0,
            latest: 0,
            snapshots: failovers.then(VecDeque::new),
            fair,
            tokens: BTreeSet::new(),
            rates: Rates::default(),
            reach: Reach::default(),
            bad: BTreeMap::new(),
            wished_away: BTreeSet::new(),
        }
    }

    pub(crate) fn enqueue(&mut self, now: Ms, mut job: NewJob) -> Checked<()> {
        self.ledger.accept(self.step, now, &mut job);
        self.model.enqueue(now, job);
        self.after(now, &[])
    }

    pub(crate) fn lease(
        &mut self,
        now: Ms,
        handle: u64,
        stem: &str,
        max: usize,
        not_of: &[String],
    ) -> Checked<Vec<Leased>> {
        if max > 0 {
            self.reach.look(&self.model, now, false);
        }
        let (reclaimed, tends) = (
            self.model.counters.reclaimed,
            self.model.beats.contains_key(&handle),
        );
        let leased = self.model.lease(now, handle, stem, max, not_of);
        self.nobody_lost_in_grace(now, reclaimed)?;
        let runnable: Vec<&Leased> = leased
            .iter()
            .filter(|job| job.unrunnable.is_none())
            .collect();
        check(runnable.len() <= max, || {
            format!("{} jobs instead of {max}", runnable.len())
        })?;
        check(!tends || runnable.len() == leased.len(), || {
            "who tends was told by a lease".to_owned()
        })?;
        check(max > 0 || leased.is_empty(), || {
            "a lease of nothing brought something".to_owned()
        })?;
        for job in &leased {
            self.handed(now, job)?;
        }
        for job in &runnable {
            check(!not_of.contains(&job.job.app), || {
                format!("passed over and leased: {job:?}")
            })?;
            self.first_of_its_app(job)?;
        }
        let started: Vec<String> = runnable.iter().map(|job| job.job.app.clone()).collect();
        self.after(now, &started)?;
        Ok(leased)
    }

    pub(crate) fn tend(&mut self, now: Ms, handle: u64, stem: &str) -> Checked<Tended> {
        let mut beats = self.model.beats.clone();
        beats.insert(handle, now);
        self.reach.look(&self.model, now, true);
        let reclaimed = self.model.counters.reclaimed;
        let tended = self.model.tend(now, handle, stem);
        self.nobody_lost_in_grace(now, reclaimed)?;
        for job in &tended.unrunnable {
            check(job.unrunnable.is_some(), || {
                format!("tend leased a job to run: {job:?}")
            })?;
            self.handed(now, job)?;
        }
        let timeout = self.model.options.worker_timeout;
        for (id, job) in &self.model.jobs {
            let beat = job.state.lease().and_then(|lease| beats.get(&lease.handle));
            let silent = beat.map_or(0, |beat| now.saturating_sub(*beat));
            check(silent <= timeout || self.is_grace(now), || {
                format!("{id} is held by a worker that said nothing for {silent} ms")
            })?;
        }
        self.after(now, &[])?;
        Ok(tended)
    }

    pub(crate) fn leave(&mut self, now: Ms, handle: u64) -> Checked<()> {
        for job in self.model.jobs.values() {
            if let State::Leased(lease) = &job.state
                && lease.handle == handle
            {
                self.ledger.entry(&job.new).note(self.step, Deed::Left);
            }
        }
        self.model.leave(now, handle);
        self.after(now, &[])
    }

    pub(crate) fn extend(&mut self, now: Ms, id: &str, token: &str) -> Checked<bool> {
        let holder = self.holder(id, token);
        let ours = self.model.extend(now, id, token);
        check(ours == holder.is_some(), || {
            format!("extend of {id} said {ours}")
        })?;
        self.after(now, &[])?;
        Ok(ours)
    }

    pub(crate) fn settle(
        &mut self,
        now: Ms,
        id: &str,
        token: &str,
        settle: &Settle,
    ) -> Checked<bool> {
        let holder = self.holder(id, token);
        let refused = self
            .model
            .jobs
            .get(id)
            .is_some_and(|job| is_refused(&job.state));
        let ours = self.model.settle(now, id, token, settle);
        check(ours == holder.is_some(), || {
            format!("settle of {id} under {token} said {ours}")
        })?;
        if let Some(job) = holder {
            let step = self.step;
            let entry = self.ledger.entry(&job);
            check(entry.count(Deed::Settled) == 0, || {
                format!("settled twice: {job:?}")
            })?;
            entry.note(step, Deed::Settled);
            let lists: BTreeSet<&String> = self.model.pushed.iter().map(|(list, _)| list).collect();
            check(lists.len() == self.model.pushed.len(), || {
                format!("told twice: {:?}", self.model.pushed)
            })?;
            if let Some(named) = job.id.filter(|_| !refused) {
                self.ledger.named.insert((job.app, named), (now, step));
            }
        }
        self.after(now, &[])?;
        Ok(ours)
    }

    pub(crate) fn release(&mut self, now: Ms, id: &str, token: &str) -> Checked<bool> {
        let holder = self.holder(id, token);
        let runs = self
            .model
            .jobs
            .get(id)
            .is_some_and(|job| job.state.is_live());
        let before = holder.as_ref().map(|job| Rates::of(&self.model, job));
        let ours = self.model.release(now, id, token);
        if let (Some(job), true, true) = (&holder, ours, runs) {
            let after = Rates::of(&self.model, job);
            self.rates
                .give_back(self.step, now, before.unwrap_or_default(), after)?;
        }
        self.handed_back(now, ours, holder.as_ref(), Deed::Released, runs)
    }

    pub(crate) fn retry(&mut self, now: Ms, id: &str, token: &str, delay: Ms) -> Checked<bool> {
        let holder = self.holder(id, token);
        let runs = self
            .model
            .jobs
            .get(id)
            .is_some_and(|job| job.state.is_live());
        let ours = self.model.retry(now, id, token, delay);
        self.handed_back(now, ours, holder.as_ref(), Deed::Retried, runs)
    }

    fn handed_back(
        &mut self,
        now: Ms,
        ours: bool,
        holder: Option<&NewJob>,
        deed: Deed,
        runs: bool,
    ) -> Checked<bool> {
        check(ours == holder.is_some(), || {
            format!("{deed:?} said {ours} of {holder:?}")
        })?;
        let step = self.step;
        if let Some(job) = holder.filter(|_| runs) {
            self.ledger.entry(job).note(step, deed);
        }
        self.after(now, &[])?;
        Ok(ours)
    }

    pub(crate) fn cancel(&mut self, now: Ms, id: &str, app: Option<&str>) -> Checked<Cancelled> {
        let answer = self.model.cancel(now, id, app);
        if answer != Cancelled::NotFound {
            let found = self
                .model
                .find(id, app)
                .and_then(|id| self.model.jobs.get(&id));
            let found = found.ok_or_else(|| format!("cancelled and gone: {id}"))?;
            let (own, of) = (found.new.id.as_deref(), found.new.app.as_str());
            let meant = app.is_none_or(|app| app == of && (own == Some(id) || own.is_none()));
            check(meant, || {
                format!("{id} of {app:?} cancelled, and it was {found:?}")
            })?;
            self.ledger
                .entry(&found.new)
                .note(self.step, Deed::Cancelled);
        }
        self.after(now, &[])?;
        Ok(answer)
    }

    /// Whether it hits a job is not known before it is admitted.
    pub(crate) fn enqueue_cancel(&mut self, now: Ms, id: &str) -> Checked<()> {
        self.wished_away.insert(id.to_owned());
        self.model.enqueue_cancel(id, None);
        self.after(now, &[])
    }

    pub(crate) fn fire(
        &mut self,
        now: Ms,
        id: &str,
        tick: Ms,
        next: Option<Ms>,
        mut job: NewJob,
    ) -> Checked<bool> {
        let known = self.ledger.fired.contains_key(&(id.to_owned(), tick));
        // Accepted only when it fires; taken back at once when not.
        self.ledger.accept(self.step, now, &mut job);
        let fired = self.model.fire(now, id, tick, next, job);
        if fired {
            check(!known, || format!("{id} fired twice at {tick}"))?;
            self.ledger.fired.insert((id.to_owned(), tick), self.step);
        } else {
            self.ledger.entries.pop();
        }
        self.after(now, &[])?;
        Ok(fired)
    }

    pub(crate) fn bad_job(&mut self, now: Ms, app: &str) -> Checked<()> {
        let banned_before = self
            .model
            .apps
            .get(app)
            .is_some_and(|app| app.banned_until > now);
        let banned = self.model.bad_job(now, app);
        if !banned_before {
            let (window, forgiven) = (
                self.model.options.breaker_window,
                self.model.options.breaker_bad_jobs as usize,
            );
            let bad = self.bad.entry(app.to_owned()).or_default();
            bad.push(now);
            let recent = bad
                .iter()
                .filter(|at| now.saturating_sub(**at) < window)
                .count();
            check(banned == (forgiven > 0 && recent > forgiven), || {
                format!("{app}: banned is {banned} with {recent} bad jobs")
            })?;
            if banned {
                bad.clear();
            }
        }
        self.after(now, &[])
    }

    pub(crate) fn lift(&mut self, now: Ms, app: &str) -> Checked<()> {
        self.model.lift(app);
        self.bad.remove(app);
        self.after(now, &[])
    }

    pub(crate) fn set_quotas(&mut self, now: Ms, quotas: &[(String, Quota)]) -> Checked<()> {
        self.fairness.reset();
        self.model.set_quotas(now, quotas);
        self.after(now, &[])
    }

    pub(crate) fn set_paused(&mut self, now: Ms, app: Option<&str>, paused: bool) -> Checked<()> {
        self.model.set_paused(now, app, paused);
        self.after(now, &[])
    }

    /// An admin queues the dead anew.
    pub(crate) fn requeue_dead(&mut self, now: Ms) -> Checked<()> {
        for job in self.model.take_dead(None) {
            if let Some(id) = &job.id {
                self.ledger.named.remove(&(job.app.clone(), id.clone()));
            }
            self.enqueue(now, job)?;
        }
        Ok(())
    }

    /// The server is replaced by one that has not seen the last `back` steps.
    pub(crate) fn fail_over(&mut self, now: Ms, back: usize) -> Checked<()> {
        let Some(snapshots) = &mut self.snapshots else {
            return Ok(());
        };
        let kept = snapshots.len().saturating_sub(back + 1);
        snapshots.truncate(kept + 1);
        let Some((step, model)) = snapshots.pop_back() else {
            return Ok(());
        };
        self.model = model;
        self.ledger.fail_over(step);
        for job in self.model.jobs.values() {
            if let Some(lease) = job.state.lease() {
                self.ledger.entry(&job.new).token.clone_from(&lease.token);
            }
        }
        self.fairness.reset();
        self.rates.fail_over(step);
        self.reach = Reach::known_to(&self.model, now);
        // What the breaker counted is among what was lost; it begins anew on both sides.
        self.bad.clear();
        self.model.apps.values_mut().for_each(|app| app.bad.clear());
        self.after(now, &[])
    }

    /// What holds after every step.
    fn after(&mut self, now: Ms, started: &[String]) -> Checked<()> {
        for (list, _) in std::mem::take(&mut self.model.pushed) {
            self.ledger.push(self.step, &list)?;
        }
        for (id, job) in &self.model.jobs {
            let doomed = matches!(
                &job.state,
                State::Unrunnable {
                    why: Why::Cancelled,
                    ..
                }
            );
            if (doomed || job.cancelled) && self.wished_away.contains(id) {
                self.ledger.entry(&job.new).note(self.step, Deed::Cancelled);
            }
        }
        self.latest = self.latest.max(now);
        self.bounds_hold()?;
        if self.fair {
            self.fairness.observe(&self.model, now, started)?;
        }
        if let Some(snapshots) = &mut self.snapshots {
            snapshots.push_back((self.step, self.model.clone()));
            if snapshots.len() > SNAPSHOTS {
                snapshots.pop_front();
            }
        }
        self.step += 1;
        Ok(())
    }

    /// Not more live jobs than allowed, and no two of one id or dedupe key.
    fn bounds_hold(&self) -> Checked<()> {
        let mut live: BTreeMap<&str, i64> = BTreeMap::new();
        let (mut names, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for (id, job) in &self.model.jobs {
            *live.entry(&job.new.app).or_default() += i64::from(job.state.is_live());
            let app = &job.new.app;
            for list in &job.joined {
                check(self.ledger.waits_for(list, &job.new), || {
                    format!("{list} waits for a job that is none of its: {job:?}")
                })?;
            }
            if is_refused(&job.state) {
                continue;
            }
            let twin = job
                .new
                .id
                .as_ref()
                .is_some_and(|named| !names.insert((app, named)));
            check(!twin, || format!("two live jobs of one id: {id}"))?;
            let key = job
                .new
                .dedupe_key
                .as_ref()
                .filter(|_| job.new.dedupe_ttl.is_none());
            let twin = key.is_some_and(|key| !keys.insert((app, key)));
            check(!twin, || format!("two live jobs of one dedupe key: {id}"))?;
        }
        let options = &self.model.options;
        for (app, live) in &live {
            let max = self.model.apps[*app]
                .quota
                .queue_max
                .unwrap_or(options.app_queue_max);
            check(max < 0 || *live <= max, || {
                format!("{app} has {live} live jobs, {max} allowed")
            })?;
        }
        let all: i64 = live.values().sum();
        check(options.queue_max < 0 || all <= options.queue_max, || {
            format!("{all} live jobs")
        })
    }

    /// One job came into a worker's hands.
    fn handed(&mut self, now: Ms, leased: &Leased) -> Checked<()> {
        let new = self
            .tokens
            .insert((leased.id.clone(), leased.token.clone()));
        check(new, || format!("a token came twice: {leased:?}"))?;
        let step = self.step;
        let entry = self.ledger.entry(&leased.job);
        entry.token.clone_from(&leased.token);
        let cancelled = entry.count(Deed::Cancelled) > 0;
        if let Some(why) = &leased.unrunnable {
            let past = entry
                .job
                .deadline
                .is_some_and(|deadline| entry.at + deadline <= now);
            let right = match why {
                Why::WorkerLost => !entry.job.idempotent,
                Why::Poison { .. } | Why::TooManyAttempts => entry.starts() > 0,
                Why::Expired => past && entry.starts() == 0,
                Why::Cancelled => cancelled || self.wished_away.contains(&leased.id),
                Why::AppQueueFull { .. } | Why::QueueFull { .. } | Why::Duplicate { .. } => {
                    entry.starts() == 0
                }
            };
            return check(right, || format!("not true of it: {leased:?}"));
        }
        check(!cancelled, || format!("cancelled and leased: {leased:?}"))?;
        check(entry.due() <= now.max(self.latest), || {
            format!("leased before its time: {leased:?}")
        })?;
        let expired = entry.starts() == 0
            && entry
                .job
                .deadline
                .is_some_and(|deadline| entry.at + deadline < now);
        check(!expired, || {
            format!("leased after its deadline: {leased:?}")
        })?;
        let lost = entry.losses();
        check(lost == 0 || entry.job.idempotent, || {
            format!("not idempotent and leased again: {leased:?}")
        })?;
        check(lost < self.model.options.poison_losses as usize, || {
            format!("poison leased again: {leased:?}")
        })?;
        entry.note(step, Deed::Leased);
        let attempts = entry.starts();
        check(attempts == leased.attempts as usize, || {
            format!("leased {attempts} times: {leased:?}")
        })?;
        check(attempts <= self.model.options.max_attempts as usize, || {
            format!("too often: {leased:?}")
        })?;
        self.was_answered_already(now, &leased.job)?;
        self.within_quota(now, &leased.job)
    }

    /// A second job of an id whose outcome is kept does not run.
    fn was_answered_already(&mut self, now: Ms, job: &NewJob) -> Checked<()> {
        let at = self.ledger.entry(job).at;
        let name = job.id.as_ref().map(|id| (job.app.clone(), id.clone()));
        let settled = name.and_then(|name| self.ledger.named.get(&name));
        let ttl = self.model.options.result_ttl;
        let kept = settled.is_some_and(|(settled, _)| *settled <= at && now < settled + ttl);
        check(!kept, || {
            format!("its outcome is kept, and it runs: {job:?}")
        })
    }

    /// Pauses, caps and rates.
    fn within_quota(&mut self, now: Ms, job: &NewJob) -> Checked<()> {
        let app = &self.model.apps[&job.app];
        check(!self.model.paused && !app.paused, || {
            format!("paused and leased: {job:?}")
        })?;
        let runs =
            self.model.jobs.values().filter(|other| {
                other.new.app == job.app && matches!(other.state, State::Leased(_))
            });
        let (running, cap) = (runs.map(|_| 1).sum::<i64>(), self.model.cap(&job.app));
        check(cap < 0 || running <= cap, || {
            format!("{} runs {running} jobs, {cap} allowed", job.app)
        })?;
        for held in Rates::of(&self.model, job) {
            self.rates.start(self.step, now, held)?;
        }
        Ok(())
    }

    /// No job of its app that still waits comes before it; apps with limited hooks aside.
    fn first_of_its_app(&self, leased: &Leased) -> Checked<()> {
        let job = &self.model.jobs[&leased.id];
        if !self.model.apps[&job.new.app].quota.hook_rates.is_empty() {
            return Ok(());
        }
        let before = |other: &&super::model::Job| {
            let waits = other.new.app == job.new.app && other.state == State::Queued;
            waits && (-other.new.priority, other.seq) < (-job.new.priority, job.seq)
        };
        let earlier = self.model.jobs.values().find(before);
        check(earlier.is_none(), || {
            format!("{earlier:?} should have come before {leased:?}")
        })
    }

    /// Whether everybody has time now to come back after an outage of the queue.
    pub(crate) fn is_grace(&self, now: Ms) -> bool {
        now < self.reach.grace
    }

    fn nobody_lost_in_grace(&self, now: Ms, reclaimed: u64) -> Checked<()> {
        let kept = self.model.counters.reclaimed == reclaimed;
        check(kept || !self.is_grace(now), || {
            "the queue was out of reach, and a lease was taken back for it".to_owned()
        })
    }

    /// The job that is under exactly this lease.
    fn holder(&mut self, id: &str, token: &str) -> Option<NewJob> {
        let job = self.model.jobs.get(id)?;
        job.state.lease()?;
        let job = job.new.clone();
        (self.ledger.entry(&job).token == token).then_some(job)
    }
}

/// Whether the job was turned away at the door.
fn is_refused(state: &State) -> bool {
    let State::Unrunnable { why, .. } = state else {
        return false;
    };
    matches!(
        why,
        Why::AppQueueFull { .. } | Why::QueueFull { .. } | Why::Duplicate { .. }
    )
}

pub(crate) fn check(holds: bool, what: impl FnOnce() -> String) -> Checked<()> {
    if holds { Ok(()) } else { Err(what()) }
}
