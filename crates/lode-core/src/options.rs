//! [`PoolOptions`]: the numbers that shape a pool, with defaults and their bounds.

use lode_proto::limits::{EXIT_GRACE_MS, HARD_DEADLINE_GRACE_MS};

const US_PER_MS: u64 = 1_000;
const US_PER_S: u64 = 1_000_000;

/// How large the pool is and how patient. Values out of bounds are moved to the nearest bound
/// by [`Pool::new`](crate::Pool::new).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolOptions {
    /// Children that may exist at one time, in whatever state; at least 1. Default 8.
    pub max_children: usize,
    /// Children kept ready for the next jobs; 1 to `max_children`. Zero would be a pool that never
    /// wants a job, because only an idle child lets it ask for one. Default 4.
    pub warm: usize,
    /// Children that run jobs of one app at one time, at most `max_children` less `reserve`; 0 is
    /// as many as that. Default 0.
    pub app_share: usize,
    /// Places kept for apps that run nothing in this worker, at most `max_children` - 1: a worker
    /// with one place has none to keep. Default 1.
    pub reserve: usize,
    /// Leased jobs that may wait inside the pool, for a child or because their app or hook may not
    /// start one right now; one app's fill at most half of it, rounded up. 0 is twice
    /// `max_children`. Default 0.
    pub waiting_room: usize,
    /// Forks after which a zygote is replaced, at least 1: bounds what a leak in it can grow to.
    /// Default 10,000.
    pub zygote_forks_max: u64,
    /// Age at which a zygote is replaced, at least 1: re-randomises the address-space layout that
    /// its children share. Default 30 minutes.
    pub zygote_age_max_us: u64,
    /// A zygote or child that is not ready after this long is killed, a killed child that is not
    /// gone after this long takes its zygote with it (nobody reaps), and a job that has waited for
    /// this long with no child getting ready is handed back; at least 1. Default 10 s.
    pub start_limit_us: u64,
    /// Time between a job's wall limit, which the child enforces, and the master's SIGKILL.
    /// Default [`HARD_DEADLINE_GRACE_MS`].
    pub hard_grace_us: u64,
    /// Time that a child has to exit once its job is settled. Default [`EXIT_GRACE_MS`].
    pub exit_grace_us: u64,
    /// Wait after the first failure in a row to start a child or zygote, at least 1; doubles with
    /// each further one. Default 50 ms.
    pub backoff_min_us: u64,
    /// The longest such wait, at least `backoff_min_us`. Default 5 s.
    pub backoff_max_us: u64,
    /// Wait of a hook's further jobs after the second child in a row that did not survive one, at
    /// least 1; doubles with each further one. The first costs no wait. Default 100 ms.
    pub hook_backoff_min_us: u64,
    /// The longest such wait, and the quiet time after one that forgets what was before; at least
    /// `hook_backoff_min_us`. Default 5 s.
    pub hook_backoff_max_us: u64,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            max_children: 8,
            warm: 4,
            app_share: 0,
            reserve: 1,
            waiting_room: 0,
            zygote_forks_max: 10_000,
            zygote_age_max_us: 30 * 60 * US_PER_S,
            start_limit_us: 10 * US_PER_S,
            hard_grace_us: HARD_DEADLINE_GRACE_MS * US_PER_MS,
            exit_grace_us: EXIT_GRACE_MS * US_PER_MS,
            backoff_min_us: 50 * US_PER_MS,
            backoff_max_us: 5 * US_PER_S,
            hook_backoff_min_us: 100 * US_PER_MS,
            hook_backoff_max_us: 5 * US_PER_S,
        }
    }
}

impl PoolOptions {
    /// The same options with every value inside its bounds.
    pub(crate) fn bounded(self) -> Self {
        let max_children = self.max_children.max(1);
        let reserve = self.reserve.min(max_children - 1);
        let backoff_min_us = self.backoff_min_us.max(1);
        let hook_backoff_min_us = self.hook_backoff_min_us.max(1);
        Self {
            max_children,
            warm: self.warm.clamp(1, max_children),
            app_share: self.app_share.min(max_children - reserve),
            reserve,
            waiting_room: self.waiting_room,
            zygote_forks_max: self.zygote_forks_max.max(1),
            zygote_age_max_us: self.zygote_age_max_us.max(1),
            // Zero would re-arm a timer for the very instant at which it fired.
            start_limit_us: self.start_limit_us.max(1),
            hard_grace_us: self.hard_grace_us,
            exit_grace_us: self.exit_grace_us,
            backoff_min_us,
            backoff_max_us: self.backoff_max_us.max(backoff_min_us),
            hook_backoff_min_us,
            hook_backoff_max_us: self.hook_backoff_max_us.max(hook_backoff_min_us),
        }
    }

    /// Children that may run jobs before only apps that run nothing may start one; at least 1 of
    /// options within their bounds.
    pub(crate) fn places_for_all(&self) -> usize {
        self.max_children - self.reserve
    }

    /// Children that run jobs of one app at one time, of options within their bounds.
    pub(crate) fn share(&self) -> usize {
        match self.app_share {
            0 => self.places_for_all(),
            share => share,
        }
    }

    /// Leased jobs that may wait inside the pool.
    pub(crate) fn room(&self) -> usize {
        match self.waiting_room {
            0 => self.max_children.saturating_mul(2),
            room => room,
        }
    }

    /// Leased jobs of one app that may wait inside the pool.
    pub(crate) fn room_of_app(&self) -> usize {
        self.room().div_ceil(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_within_bounds() {
        assert_eq!(PoolOptions::default().bounded(), PoolOptions::default());
    }

    #[test]
    fn values_out_of_bounds_move_to_the_nearest_bound() {
        let options = PoolOptions {
            max_children: 0,
            warm: 9,
            start_limit_us: 0,
            backoff_min_us: 7,
            backoff_max_us: 3,
            ..PoolOptions::default()
        }
        .bounded();
        assert_eq!((options.max_children, options.warm), (1, 1));
        assert_eq!(options.start_limit_us, 1);
        assert_eq!(options.backoff_max_us, 7);
        let options = PoolOptions {
            max_children: 4,
            app_share: 9,
            reserve: 9,
            hook_backoff_min_us: 0,
            hook_backoff_max_us: 0,
            ..PoolOptions::default()
        }
        .bounded();
        assert_eq!((options.app_share, options.reserve), (1, 3));
        assert_eq!(options.hook_backoff_max_us, 1);
    }

    #[test]
    fn zero_is_as_much_as_the_pools_size_gives() {
        let options = PoolOptions::default();
        assert_eq!((options.share(), options.places_for_all()), (7, 7));
        assert_eq!((options.room(), options.room_of_app()), (16, 8));
        let alone = PoolOptions {
            max_children: 1,
            ..options
        }
        .bounded();
        assert_eq!((alone.share(), alone.places_for_all()), (1, 1));
        assert_eq!((alone.room(), alone.room_of_app()), (2, 1));
    }
}
