//! [`Breaker`]: bans an app for a while whose jobs go bad faster than a worker can bear.
//!
//! ```text
//!            more than bad_jobs within window_us              ban_us over, or lifted
//!  Watched ──────────────────────────────────────► Banned ─────────────────────────► forgotten
//!     └── no bad job for window_us: forgotten
//! ```
//!
//! What is bad is for the shell to say. Meant are jobs that cost the worker a child or a place for
//! the whole of their limit: crashes, timeouts, violations and memory limits, as Kinvey's worker
//! reported them. An exception costs nothing and is none.
//!
//! All that is kept is bounded: so many apps watched, so many banned, so many instants per app.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use lode_proto::limits::cut;

use crate::Time;

/// Apps that are watched at one time, and apps that are banned at one time; beyond that, the one
/// whose turn to be forgotten comes first is. No worker sees so many misbehave within an hour.
const APPS_MAX: usize = 10_000;
/// Bad jobs that an app may be allowed: one instant is kept for each.
const BAD_JOBS_MAX: u32 = 1_000;
/// Bytes that are kept of a reason.
const REASON_BYTES_MAX: usize = 256;

/// When an app is banned and for how long. The defaults are the numbers of Kinvey's queue client:
/// more than 10 bad jobs within 1 s ban an app for 3,600 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerOptions {
    /// Bad jobs within the window that an app is forgiven; one more bans it. At most 1,000, more
    /// counts as 1,000; 0 bans nobody, ever. Default 10.
    pub bad_jobs: u32,
    /// How far apart the first and the last of them may be. Default 1 s.
    pub window_us: u64,
    /// How long a ban lasts, at least 1. Default 3,600 s.
    pub ban_us: u64,
}

impl Default for BreakerOptions {
    fn default() -> Self {
        Self {
            bad_jobs: 10,
            window_us: 1_000_000,
            ban_us: 3_600_000_000,
        }
    }
}

/// That an app is banned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// From the instant that was asked about; at least 1.
    pub remaining_us: u64,
    /// What the shell said of the job that was one too many; at most some 300 bytes.
    pub reason: String,
}

/// The breakers of all apps of one worker. Every call costs the logarithm of the apps it knows.
#[derive(Debug)]
pub struct Breaker {
    options: BreakerOptions,
    /// The instants of each watched app's last bad jobs, the earliest first.
    watched: Aging<VecDeque<Time>>,
    /// The reasons of the bans.
    banned: Aging<String>,
}

impl Breaker {
    /// A breaker that has seen nothing.
    #[must_use]
    pub fn new(options: BreakerOptions) -> Self {
        Self {
            options: BreakerOptions {
                bad_jobs: options.bad_jobs.min(BAD_JOBS_MAX),
                ban_us: options.ban_us.max(1),
                ..options
            },
            watched: Aging::new(),
            banned: Aging::new(),
        }
    }

    /// A job of this app went bad; `reason` says how, for people. Returns the ban if this job is
    /// the one too many. Bad jobs of a banned app, which ran already, do not prolong its ban.
    pub fn bad_job(&mut self, app: &str, reason: &str, now: Time) -> Option<Ban> {
        self.forget_due(now);
        let BreakerOptions {
            bad_jobs,
            window_us,
            ban_us,
        } = self.options;
        if bad_jobs == 0 || self.banned.get(app).is_some() {
            return None;
        }
        let mut instants = self.watched.remove(app).unwrap_or_default();
        while let Some(first) = instants.front()
            && now.saturating_since(*first) > window_us
        {
            instants.pop_front();
        }
        instants.push_back(now);
        if instants.len() <= bad_jobs as usize {
            let quiet_at = now.plus_us(window_us).plus_us(1);
            self.watched.insert(app, instants, quiet_at);
            return None;
        }
        let reason = cut(reason, REASON_BYTES_MAX);
        self.banned.insert(app, reason, now.plus_us(ban_us));
        self.check(app, now)
    }

    /// The app's ban, if it is banned.
    pub fn check(&mut self, app: &str, now: Time) -> Option<Ban> {
        self.forget_due(now);
        let (reason, ends_at) = self.banned.get(app)?;
        Some(ban(reason, ends_at, now))
    }

    /// Ends the app's ban and forgets its bad jobs; true if there was a ban.
    pub fn lift(&mut self, app: &str) -> bool {
        self.watched.remove(app);
        self.banned.remove(app).is_some()
    }

    /// All banned apps with their bans, by name.
    pub fn bans(&mut self, now: Time) -> Vec<(String, Ban)> {
        self.forget_due(now);
        let bans = self.banned.iter();
        bans.map(|(app, reason, ends_at)| (app.to_owned(), ban(reason, ends_at, now)))
            .collect()
    }

    fn forget_due(&mut self, now: Time) {
        self.watched.forget_due(now);
        self.banned.forget_due(now);
    }
}

fn ban(reason: &str, ends_at: Time, now: Time) -> Ban {
    Ban {
        remaining_us: ends_at.saturating_since(now),
        reason: reason.to_owned(),
    }
}

/// Something per app, until an instant; at most [`APPS_MAX`] of it.
#[derive(Debug)]
struct Aging<T> {
    by_app: BTreeMap<Arc<str>, (T, Time)>,
    ends: BTreeSet<(Time, Arc<str>)>,
}

impl<T> Aging<T> {
    fn new() -> Self {
        Self {
            by_app: BTreeMap::new(),
            ends: BTreeSet::new(),
        }
    }

    /// What is kept of an app, and until when.
    fn get(&self, app: &str) -> Option<(&T, Time)> {
        let (value, ends_at) = self.by_app.get(app)?;
        Some((value, *ends_at))
    }

    fn insert(&mut self, app: &str, value: T, ends_at: Time) {
        self.remove(app);
        if self.by_app.len() >= APPS_MAX
            && let Some((_, first)) = self.ends.pop_first()
        {
            self.by_app.remove(&first);
        }
        let app: Arc<str> = app.into();
        self.ends.insert((ends_at, Arc::clone(&app)));
        self.by_app.insert(app, (value, ends_at));
    }

    fn remove(&mut self, app: &str) -> Option<T> {
        let (app, (value, ends_at)) = self.by_app.remove_entry(app)?;
        self.ends.remove(&(ends_at, app));
        Some(value)
    }

    fn forget_due(&mut self, now: Time) {
        while let Some((ends_at, _)) = self.ends.first()
            && *ends_at <= now
        {
            if let Some((_, app)) = self.ends.pop_first() {
                self.by_app.remove(&app);
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &T, Time)> + '_ {
        let entries = self.by_app.iter();
        entries.map(|(app, (value, ends_at))| (&**app, value, *ends_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000;

    fn options(bad_jobs: u32) -> BreakerOptions {
        BreakerOptions {
            bad_jobs,
            ..BreakerOptions::default()
        }
    }

    /// The index of the bad job that bans the app, of some that come `apart_us` from one another.
    fn opens_at(breaker: &mut Breaker, apart_us: u64) -> Option<u64> {
        (0..100).find(|n| {
            breaker
                .bad_job("a", "it hung", Time(n * apart_us))
                .is_some()
        })
    }

    #[test]
    fn more_than_ten_bad_jobs_within_a_second_ban_an_app_for_an_hour() {
        let mut breaker = Breaker::new(BreakerOptions::default());
        assert_eq!(opens_at(&mut breaker, S / 10), Some(10), "the eleventh");
        let ban = Ban {
            remaining_us: 3_600 * S,
            reason: "it hung".to_owned(),
        };
        assert_eq!(breaker.check("a", Time(S)), Some(ban));
        assert_eq!(breaker.check("b", Time(S)), None, "nobody else's");
        let last = breaker.check("a", Time(3_601 * S - 1));
        assert_eq!(last.map(|ban| ban.remaining_us), Some(1));
        assert_eq!(breaker.check("a", Time(3_601 * S)), None);
    }

    #[test]
    fn bad_jobs_that_are_too_far_apart_ban_nobody() {
        let mut breaker = Breaker::new(BreakerOptions::default());
        assert_eq!(opens_at(&mut breaker, S / 10 + 1), None);
        assert_eq!(breaker.bans(Time(0)), []);
    }

    #[test]
    fn a_bad_job_during_a_ban_does_not_prolong_it_and_after_it_counts_as_the_first() {
        let mut breaker = Breaker::new(options(1));
        breaker.bad_job("a", "first", Time(0));
        assert!(breaker.bad_job("a", "second", Time(0)).is_some());
        assert_eq!(breaker.bad_job("a", "third", Time(3_600 * S - 1)), None);
        let ban = breaker.check("a", Time(3_600 * S - 1)).unwrap();
        assert_eq!((ban.remaining_us, ban.reason.as_str()), (1, "second"));
        assert_eq!(breaker.bad_job("a", "fourth", Time(3_600 * S)), None);
        assert!(breaker.bad_job("a", "fifth", Time(3_600 * S)).is_some());
    }

    #[test]
    fn a_lifted_ban_is_over_and_what_led_to_it_is_forgotten() {
        let mut breaker = Breaker::new(options(2));
        assert_eq!(opens_at(&mut breaker, 1), Some(2));
        assert!(breaker.lift("a"));
        assert!(!breaker.lift("a"));
        assert_eq!(breaker.check("a", Time(3)), None);
        assert_eq!(opens_at(&mut breaker, 1), Some(2));
    }

    #[test]
    fn bans_are_listed_by_name_without_those_that_are_over() {
        let mut breaker = Breaker::new(options(1));
        for (at, app) in [(0, "late"), (5, "b"), (7, "a")] {
            breaker.bad_job(app, "", Time(at));
            breaker.bad_job(app, "it crashed", Time(at));
        }
        let bans = breaker.bans(Time(3_600 * S));
        let bans: Vec<_> = bans
            .iter()
            .map(|(app, ban)| (app.as_str(), ban.remaining_us))
            .collect();
        assert_eq!(bans, [("a", 7), ("b", 5)]);
    }

    #[test]
    fn zero_bans_nobody() {
        let mut breaker = Breaker::new(options(0));
        assert_eq!(opens_at(&mut breaker, 0), None);
    }

    #[test]
    fn what_is_kept_is_bounded_and_forgotten_when_it_is_over() {
        let mut breaker = Breaker::new(options(1));
        let reason = "x".repeat(10_000);
        for n in 0..APPS_MAX as u64 + 5 {
            for _ in 0..2 {
                breaker.bad_job(&format!("banned {n}"), &reason, Time(n));
            }
            breaker.bad_job(&format!("watched {n}"), &reason, Time(n));
        }
        let now = Time(APPS_MAX as u64 + 5);
        let count = |breaker: &Breaker| (breaker.watched.by_app.len(), breaker.banned.by_app.len());
        assert_eq!(count(&breaker), (APPS_MAX, APPS_MAX));
        assert_eq!(breaker.check("banned 4", now), None, "the oldest go first");
        let ban = breaker.check("banned 5", now).unwrap();
        assert!(ban.reason.len() < REASON_BYTES_MAX + 100);
        breaker.forget_due(now.plus_us(S + 1));
        assert_eq!(count(&breaker), (0, APPS_MAX));
        breaker.forget_due(now.plus_us(3_600 * S));
        assert_eq!(count(&breaker), (0, 0));
        assert!(breaker.watched.ends.is_empty() && breaker.banned.ends.is_empty());
    }
}
