//! [`Backoff`]: how long to wait before starting another process after ones that failed to start.
//!
//! The nth failure in a row waits the minimum times 2^(n-1), at most the maximum. Failures while
//! a wait is on belong to the burst that caused it (four warm children forked together die
//! together) and do not lengthen it.

use crate::Time;

/// Failures in a row and the wait that the last one caused.
#[derive(Debug)]
pub(crate) struct Backoff {
    min_us: u64,
    max_us: u64,
    failures: u32,
    not_before: Time,
}

impl Backoff {
    pub(crate) fn new(min_us: u64, max_us: u64) -> Self {
        Self {
            min_us,
            max_us,
            failures: 0,
            not_before: Time::default(),
        }
    }

    /// A start failed: the next one has to wait.
    pub(crate) fn fail(&mut self, now: Time) {
        if self.blocks(now) {
            return;
        }
        let factor = 1_u64.checked_shl(self.failures).unwrap_or(u64::MAX);
        let delay_us = self.min_us.saturating_mul(factor).min(self.max_us);
        self.failures = self.failures.saturating_add(1);
        self.not_before = now.plus_us(delay_us);
    }

    /// Like [`Self::fail`], but the first in a row costs no wait.
    pub(crate) fn fail_first_is_free(&mut self, now: Time) {
        if self.failures == 0 {
            self.failures = 1;
        } else {
            self.fail(now);
        }
    }

    /// Something worked: forget the failures and any wait.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
        self.not_before = Time::default();
    }

    pub(crate) fn blocks(&self, now: Time) -> bool {
        now < self.not_before
    }

    /// The instant at which the wait ends; in the past if there is none.
    pub(crate) fn not_before(&self) -> Time {
        self.not_before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_doubles_the_wait_up_to_the_maximum() {
        let mut backoff = Backoff::new(10, 35);
        let mut now = Time(100);
        for expected in [10, 20, 35, 35] {
            backoff.fail(now);
            assert_eq!(backoff.not_before(), now.plus_us(expected));
            assert!(backoff.blocks(now));
            now = backoff.not_before();
            assert!(!backoff.blocks(now));
        }
    }

    #[test]
    fn failures_of_one_burst_count_once() {
        let mut backoff = Backoff::new(10, 100);
        backoff.fail(Time(0));
        backoff.fail(Time(9));
        assert_eq!(backoff.not_before(), Time(10));
    }

    #[test]
    fn a_success_ends_the_wait() {
        let mut backoff = Backoff::new(10, 100);
        backoff.fail(Time(0));
        backoff.reset();
        assert!(!backoff.blocks(Time(0)));
        backoff.fail(Time(0));
        assert_eq!(backoff.not_before(), Time(10));
    }

    #[test]
    fn a_thousand_failures_do_not_overflow() {
        let mut backoff = Backoff::new(10, 100);
        let mut now = Time(0);
        for _ in 0..1_000 {
            backoff.fail(now);
            now = backoff.not_before();
        }
        assert_eq!(now, Time(10 + 20 + 40 + 80 + 996 * 100));
    }
}
