//! Apps that are suspended, as this worker knows it: the queue's list, and what came since.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use lode_queue::Ban;

/// Longer than any ban.
const BAN_MAX: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

/// See the file's head.
#[derive(Debug, Default)]
pub(crate) struct Bans {
    until: BTreeMap<String, (String, Instant)>,
    /// Suspended since the queue was last asked: its answer may not know them yet.
    newer: BTreeSet<String>,
}

impl Bans {
    /// The queue is being asked for its list.
    pub(crate) fn asked(&mut self) {
        self.newer.clear();
    }

    /// The queue's answer.
    pub(crate) fn replace(&mut self, bans: Vec<Ban>, now: Instant) {
        let newer = &self.newer;
        self.until.retain(|app, _| newer.contains(app));
        for ban in bans {
            self.put(ban, now);
        }
    }

    /// One more app is suspended.
    pub(crate) fn add(&mut self, ban: Ban, now: Instant) {
        self.newer.insert(ban.app.clone());
        self.put(ban, now);
    }

    fn put(&mut self, ban: Ban, now: Instant) {
        // The next answer of the queue says it anew: a bound only keeps the sum within the clock.
        let until = now + ban.remaining.min(BAN_MAX);
        self.until.insert(ban.app, (ban.reason, until));
    }

    /// The app's ban, if it is not over.
    pub(crate) fn of(&self, app: &str, now: Instant) -> Option<Ban> {
        let (reason, until) = self.until.get(app)?;
        (*until > now).then(|| Ban {
            app: app.to_owned(),
            reason: reason.clone(),
            remaining: *until - now,
        })
    }

    /// Whose bans are not over.
    pub(crate) fn apps(&self, now: Instant) -> Vec<String> {
        let bans = self.until.iter().filter(|(_, (_, until))| *until > now);
        bans.map(|(app, _)| app.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::master::clock::now;

    fn ban(app: &str, seconds: u64) -> Ban {
        Ban {
            app: app.to_owned(),
            reason: "loops".to_owned(),
            remaining: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn an_answer_that_is_older_than_a_ban_does_not_lift_it() {
        let mut bans = Bans::default();
        let time = now();
        bans.asked();
        bans.add(ban("a", 9), time);
        bans.replace(vec![ban("b", 9)], time);
        assert_eq!(bans.apps(time), ["a", "b"]);
        bans.asked();
        bans.replace(vec![ban("b", 8)], time);
        assert_eq!(bans.apps(time), ["b"], "lifted by an admin");
    }

    #[test]
    fn a_ban_ends_by_itself() {
        let mut bans = Bans::default();
        let time = now();
        bans.replace(vec![ban("a", 9)], time);
        let later = time + Duration::from_secs(5);
        assert_eq!(bans.of("a", later).unwrap().remaining.as_secs(), 4);
        assert_eq!(bans.of("a", time + Duration::from_secs(9)), None);
        assert_eq!(bans.of("b", time), None);
    }
}
