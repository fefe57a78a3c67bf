//! [`Hooks`]: the hooks whose jobs lately cost children, and how long their next ones wait.
//!
//! A child that does not survive its job costs a fork, a zygote at worst. The first such death of a
//! hook costs it nothing. Each further one in a row makes its next jobs wait, ever longer, until one
//! of them reports, or nothing has happened for a while.

use std::collections::{BTreeMap, BTreeSet};

use crate::backoff::Backoff;
use crate::{HookKey, Time};

/// Hooks that are remembered; beyond that the one that would be forgotten first is. Some 100 bytes
/// each, and no worker has so many hooks that misbehave within seconds.
const HOOKS_MAX: usize = 10_000;

/// A hook with a death that is not forgotten.
#[derive(Debug)]
struct Trouble {
    backoff: Backoff,
    forget_at: Time,
}

/// The hooks with deaths that are not forgotten.
#[derive(Debug)]
pub(super) struct Hooks {
    min_us: u64,
    max_us: u64,
    by_key: BTreeMap<HookKey, Trouble>,
    forgets: BTreeSet<(Time, HookKey)>,
}

impl Hooks {
    /// Waits go from `min_us` to `max_us`; a death is forgotten when `max_us` went by quietly.
    pub(super) fn new(min_us: u64, max_us: u64) -> Self {
        Self {
            min_us,
            max_us,
            by_key: BTreeMap::new(),
            forgets: BTreeSet::new(),
        }
    }

    /// A child did not survive a job of this hook. Returns when the next ones may start, if they
    /// may not at once.
    pub(super) fn died(&mut self, hook: HookKey, now: Time) -> Option<Time> {
        let backoff = match self.remove(hook) {
            Some(mut backoff) => {
                backoff.fail(now);
                backoff
            }
            None => Backoff::new(self.min_us, self.max_us),
        };
        if self.by_key.len() >= HOOKS_MAX
            && let Some((_, oldest)) = self.forgets.first().copied()
        {
            self.remove(oldest);
        }
        let forget_at = backoff.not_before().max(now).plus_us(self.max_us);
        self.forgets.insert((forget_at, hook));
        self.by_key.insert(hook, Trouble { backoff, forget_at });
        self.blocked_until(hook, now)
    }

    /// The end of the hook's wait, if one is on.
    pub(super) fn blocked_until(&self, hook: HookKey, now: Time) -> Option<Time> {
        let backoff = &self.by_key.get(&hook)?.backoff;
        backoff.blocks(now).then(|| backoff.not_before())
    }

    /// A job of this hook reported.
    pub(super) fn reported(&mut self, hook: HookKey) {
        self.remove(hook);
    }

    /// Forgets what has been quiet for long enough. Nothing hangs on the instant: whoever asks
    /// after a hook calls this first.
    pub(super) fn forget_quiet(&mut self, now: Time) {
        while let Some((forget_at, hook)) = self.forgets.first().copied() {
            if forget_at > now {
                break;
            }
            self.remove(hook);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    fn remove(&mut self, hook: HookKey) -> Option<Backoff> {
        let Trouble { backoff, forget_at } = self.by_key.remove(&hook)?;
        self.forgets.remove(&(forget_at, hook));
        Some(backoff)
    }

    /// Panics if the timers disagree with the hooks.
    pub(super) fn check(&self) {
        assert!(self.by_key.len() <= HOOKS_MAX, "too many hooks remembered");
        assert_eq!(self.by_key.len(), self.forgets.len(), "a timer too many");
        for (hook, trouble) in &self.by_key {
            let timer = (trouble.forget_at, *hook);
            assert!(self.forgets.contains(&timer), "{hook:?} is never forgotten");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOOK: HookKey = HookKey(1);

    #[test]
    fn the_first_death_is_free_and_each_further_one_waits_longer() {
        let mut hooks = Hooks::new(10, 35);
        let mut now = Time(100);
        assert_eq!(hooks.died(HOOK, now), None);
        for wait_us in [10, 20, 35, 35] {
            let until = now.plus_us(wait_us);
            assert_eq!(hooks.died(HOOK, now), Some(until));
            assert_eq!(hooks.blocked_until(HOOK, now), Some(until));
            now = until;
            assert_eq!(hooks.blocked_until(HOOK, now), None);
        }
        assert_eq!(hooks.blocked_until(HookKey(2), Time(100)), None);
    }

    #[test]
    fn a_report_makes_the_next_death_the_first() {
        let mut hooks = Hooks::new(10, 35);
        hooks.died(HOOK, Time(0));
        hooks.died(HOOK, Time(0));
        hooks.reported(HOOK);
        assert_eq!(hooks.blocked_until(HOOK, Time(0)), None);
        assert_eq!(hooks.died(HOOK, Time(0)), None);
    }

    #[test]
    fn a_hook_is_forgotten_when_its_wait_was_followed_by_quiet() {
        let mut hooks = Hooks::new(10, 35);
        hooks.died(HOOK, Time(0));
        hooks.died(HOOK, Time(0));
        hooks.forget_quiet(Time(44));
        assert_eq!(hooks.len(), 1);
        hooks.forget_quiet(Time(45));
        assert_eq!(hooks.len(), 0);
        hooks.check();
    }

    #[test]
    fn no_more_hooks_are_remembered_than_allowed_and_the_oldest_go_first() {
        let mut hooks = Hooks::new(10, 35);
        for hook in 0..HOOKS_MAX as u64 + 5 {
            hooks.died(HookKey(hook), Time(hook));
        }
        hooks.check();
        assert_eq!(hooks.len(), HOOKS_MAX);
        let now = Time(HOOKS_MAX as u64 + 5);
        assert_eq!(hooks.died(HookKey(4), now), None, "forgotten, so the first");
        assert_eq!(hooks.died(HookKey(6), now), Some(now.plus_us(10)));
    }
}
