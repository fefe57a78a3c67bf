//! Who is next: weighted start-time fair queueing across apps, within caps, rates and pauses.

use super::{App, Bug, Job, Model, Ms, Rate, State};

/// Virtual time that one start costs an app of weight 1.
pub(crate) const COST: u64 = 10_000;

impl App {
    /// Virtual time that one start costs.
    pub(crate) fn cost(&self) -> u64 {
        COST / u64::from(self.quota.weight.unwrap_or(1))
    }
}

impl Model {
    /// The next job to run; its app has been charged for it.
    pub(super) fn pick(&mut self, now: Ms, not_of: &[String]) -> Option<String> {
        self.refresh(now);
        let blind = self.has(Bug::NotOfIgnored);
        let mut running = self
            .apps
            .iter()
            .filter(|(name, app)| app.eligible && (blind || !not_of.contains(name)));
        let first = running.next()?;
        let (name, _) = running.fold(
            first,
            |best, next| if next.1.tag < best.1.tag { next } else { best },
        );
        let name = name.clone();
        let (id, hook) = self.first_of(&name, now)?;
        let flat = self.has(Bug::WeightsIgnored);
        let app = self.apps.get_mut(&name)?;
        self.virtual_time = self.virtual_time.max(app.tag);
        app.tag += if flat { COST } else { app.cost() };
        if let Some(rate) = app.quota.rate {
            app.tat_us = started(app.tat_us, rate, now);
        }
        if let Some(rate) = app.quota.hook_rates.get(&hook) {
            let tat = app.hook_tats_us.entry(hook).or_default();
            *tat = started(*tat, *rate, now);
        }
        Some(id)
    }

    /// Looks which apps are in the running. One that comes to it starts at the queue's virtual
    /// time, or at its own when that is ahead: nobody saves up by staying away.
    pub(super) fn refresh(&mut self, now: Ms) {
        let names: Vec<String> = self.apps.keys().cloned().collect();
        let (keeps_old, waits) = (
            self.has(Bug::ReturningAppKeepsOldTag),
            self.has(Bug::NewcomerWaitsBehindAll),
        );
        for name in names {
            let eligible = self.is_eligible(&name, now);
            let virtual_time = self.virtual_time;
            let app = self.apps.get_mut(&name).expect("these are its keys");
            if eligible && !app.eligible && !keeps_old {
                app.tag = app.tag.max(virtual_time);
                if waits {
                    app.tag += 50 * COST;
                }
            }
            app.eligible = eligible;
        }
    }

    /// Whether the app could start a job now.
    pub(crate) fn is_eligible(&self, name: &str, now: Ms) -> bool {
        let Some(app) = self.apps.get(name) else {
            return false;
        };
        let paused = (self.paused && !self.has(Bug::PauseIgnored))
            || (app.paused && !self.has(Bug::AppPauseIgnored));
        !paused
            && self.has_room(name)
            && self.rate_allows(app.tat_us, app.quota.rate, now)
            && self.first_of(name, now).is_some()
    }

    fn has_room(&self, name: &str) -> bool {
        let cap = self.cap(name);
        let late = i64::from(self.has(Bug::CapCheckedOneLate));
        cap < 0 || self.running(name) < cap + late
    }

    /// Jobs of the app at one time; -1 is no cap. The nameless app's jobs are broken anyway.
    pub(crate) fn cap(&self, name: &str) -> i64 {
        if name.is_empty() {
            return -1;
        }
        let own = self.apps.get(name).and_then(|app| app.quota.cap);
        own.unwrap_or(self.options.default_cap)
    }

    /// Jobs of the app that are leased to run.
    pub(crate) fn running(&self, name: &str) -> i64 {
        let forgets = self.has(Bug::CapIgnoredForReturned);
        let runs = |job: &&Job| {
            job.new.app == name
                && matches!(job.state, State::Leased(_))
                && !(forgets && job.attempts > 1)
        };
        self.jobs.values().filter(runs).map(|_| 1).sum()
    }

    /// The app's first job by priority, then arrival, whose hook may start now; and its hook.
    fn first_of(&self, name: &str, now: Ms) -> Option<(String, String)> {
        let app = self.apps.get(name)?;
        let by_arrival = self.has(Bug::ArrivalOnly);
        let mut best: Option<((i64, u64), &String, &Job)> = None;
        for (id, job) in &self.jobs {
            if job.new.app != name || job.state != State::Queued {
                continue;
            }
            let tat = app.hook_tats_us.get(&job.new.hook).copied().unwrap_or(0);
            let rate = app.quota.hook_rates.get(&job.new.hook).copied();
            if !self.has(Bug::HookRateIgnored) && !self.rate_allows(tat, rate, now) {
                continue;
            }
            let key = (if by_arrival { 0 } else { -job.new.priority }, job.seq);
            if best.is_none_or(|(first, ..)| key < first) {
                best = Some((key, id, job));
            }
        }
        best.map(|(_, id, job)| (id.clone(), job.new.hook.clone()))
    }

    /// GCRA: a start may come before its theoretical time by the burst.
    fn rate_allows(&self, tat_us: u64, rate: Option<Rate>, now: Ms) -> bool {
        let twice = u64::from(self.has(Bug::BurstTwice));
        rate.is_none_or(|rate| now * 1_000 + rate.slack_us() + twice * rate.per * 1_000 >= tat_us)
    }
}

impl Model {
    /// A job that was leased did not start: its app and its hook may start another one instead.
    pub(super) fn take_start_back(&mut self, now: Ms, app: &str, hook: &str) {
        let Some(app) = self.apps.get_mut(app) else {
            return;
        };
        let back = |tat_us: u64, rate: Rate| {
            let before = tat_us.saturating_sub(rate.interval_us());
            before.max(now * 1_000)
        };
        if let Some(rate) = app.quota.rate {
            app.tat_us = back(app.tat_us, rate);
        }
        if let (Some(rate), Some(tat)) = (
            app.quota.hook_rates.get(hook),
            app.hook_tats_us.get_mut(hook),
        ) {
            *tat = back(*tat, *rate);
        }
    }
}

/// The theoretical time of the next start after one now.
fn started(tat_us: u64, rate: Rate, now: Ms) -> u64 {
    tat_us.max(now * 1_000) + rate.interval_us()
}
