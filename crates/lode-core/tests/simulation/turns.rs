//! Whose turn it is, in the simplest form: one list of those that wait, looked through each time.

use lode_core::{AppKey, ChildId, JobKey, Time, Verdict};

use crate::shadow::{JobView, Shadow};

/// A hook with deaths.
#[derive(Debug, Default)]
pub(crate) struct HookView {
    deaths: u32,
    not_before: Time,
    /// Quiet until then, all is forgotten.
    quiet_at: Time,
}

impl Shadow {
    fn share(&self) -> usize {
        match self.options.app_share {
            0 => self.options.max_children - self.options.reserve,
            share => share,
        }
    }

    fn room(&self) -> usize {
        match self.options.waiting_room {
            0 => self.options.max_children * 2,
            room => room,
        }
    }

    /// The jobs that run, less those that ended in the call that is under way.
    fn running(&self) -> impl Iterator<Item = &JobView> {
        let jobs = self.jobs.iter();
        jobs.filter(|(key, job)| job.run.is_some() && !self.ended.contains_key(key))
            .map(|(_, job)| job)
    }

    fn running_of(&self, app: AppKey) -> usize {
        self.running().filter(|job| job.app == app).count()
    }

    fn held_of(&self, app: AppKey) -> usize {
        let held = self.held.iter();
        held.filter(|key| self.jobs[key].app == app).count()
    }

    fn is_blocked(&self, key: JobKey, now: Time) -> bool {
        let hook = self.hooks.get(&self.jobs[&key].hook);
        hook.is_some_and(|hook| now < hook.not_before)
    }

    fn may_start(&self, key: JobKey, now: Time) -> bool {
        let app = self.jobs[&key].app;
        let of_app = self.running_of(app);
        let is_place_for_all =
            self.running().count() < self.options.max_children - self.options.reserve;
        !self.is_blocked(key, now) && of_app < self.share() && (of_app == 0 || is_place_for_all)
    }

    /// Children that those that wait could use.
    pub(crate) fn demand(&self, now: Time) -> usize {
        let mut apps: Vec<_> = self.held.iter().map(|key| self.jobs[key].app).collect();
        apps.sort_unstable();
        apps.dedup();
        let of_app = |app: AppKey| {
            let free = self.held.iter().filter(|key| {
                let job = &self.jobs[*key];
                job.app == app && !self.is_blocked(**key, now)
            });
            free.count().min(self.share() - self.running_of(app))
        };
        apps.into_iter().map(of_app).sum()
    }

    /// The job that starts is the one that has waited for longest of those that may.
    pub(crate) fn check_turn(&mut self, key: JobKey, now: Time) {
        let next = self.held.iter().find(|key| self.may_start(**key, now));
        assert_eq!(next, Some(&key), "a job is started out of turn");
        if self.held.front() != Some(&key) {
            self.note("a job started past one that has to wait");
        }
        let of_app = self.running_of(self.jobs[&key].app);
        let places = self.options.max_children - self.options.reserve;
        if of_app == 0 && self.running().count() >= places {
            self.note("a job started in a kept place");
        }
        self.held.retain(|held| *held != key);
    }

    /// A job is postponed when it comes and does not fit in.
    pub(crate) fn check_postpone(&mut self, key: JobKey, now: Time) {
        let job = &self.jobs[&key];
        assert_eq!(job.leased, now, "{key:?} is postponed after a while");
        let is_over_half = self.held_of(job.app) > self.room().div_ceil(2);
        assert!(
            is_over_half || self.held.len() > self.room(),
            "{key:?} is postponed although there is room"
        );
        assert_eq!(self.held.pop_back(), Some(key), "it came last");
        self.expected.insert(key, crate::shadow::End::Postpone);
    }

    /// A job that is not handed back for a drain has waited for too long.
    pub(crate) fn check_release(&mut self, key: JobKey, now: Time) {
        if self.expected.contains_key(&key) {
            return;
        }
        let by = self.release_at().expect("something waits");
        assert!(by <= now, "{key:?} is handed back too soon");
        assert_eq!(self.held.pop_front(), Some(key), "it has waited longest");
        self.expected.insert(key, crate::shadow::End::Release);
        self.note("a job handed back after a long wait");
    }

    /// When the first that waits has done so for too long.
    fn release_at(&self) -> Option<Time> {
        let leased = self.jobs[self.held.front()?].leased;
        let since = leased.max(self.last_ready);
        Some(since.plus_us(self.options.start_limit_us))
    }

    /// When the pool must look again at those that wait.
    pub(crate) fn next_turn(&self, now: Time) -> Option<Time> {
        let held = self.held.iter();
        let blocked = held.filter(|key| self.is_blocked(**key, now));
        let ends = blocked.map(|key| self.hooks[&self.jobs[key].hook].not_before);
        ends.chain(self.release_at()).min()
    }

    /// Nobody waits who need not, for longer than allowed, or where there is no room.
    pub(crate) fn check_turns(&self, now: Time) {
        let able = self.held.iter().find(|key| self.may_start(**key, now));
        assert!(
            able.is_none() || self.idle.is_empty(),
            "{able:?} may start, a child is idle, and nothing happens"
        );
        assert!(
            self.release_at().is_none_or(|at| at > now),
            "{:?} waits for too long",
            self.held.front()
        );
        assert!(self.held.len() <= self.room(), "too many wait");
        for key in &self.held {
            let of_app = self.held_of(self.jobs[key].app);
            assert!(of_app <= self.room().div_ceil(2), "an app fills the room");
        }
        for job in self.running() {
            let of_app = self.running_of(job.app);
            assert!(of_app <= self.share(), "{:?} runs {of_app}", job.app);
        }
    }

    pub(crate) fn child_got_ready(&mut self, child: ChildId, now: Time) {
        self.got_ready = Some((child, self.last_ready));
        self.last_ready = now;
    }

    /// What was due was done first, and killed the child that is about to say that it is ready.
    pub(crate) fn was_not_ready(&mut self, child: ChildId) {
        if let Some((_, before)) = self.got_ready.take_if(|(id, _)| *id == child) {
            self.last_ready = before;
        }
    }

    pub(crate) fn see_verdict(&mut self, key: JobKey, verdict: Verdict, now: Time) {
        match verdict {
            Verdict::Reported { .. } => {
                self.hooks.remove(&self.jobs[&key].hook);
            }
            Verdict::DrainLimit | Verdict::Cancelled => {}
            Verdict::TimedOut
            | Verdict::CpuTimedOut { .. }
            | Verdict::OutOfMemory { .. }
            | Verdict::Violation { .. }
            | Verdict::Crashed { .. } => self.see_death(key, now),
        }
    }

    /// Its child did not survive it.
    pub(crate) fn see_death(&mut self, key: JobKey, now: Time) {
        let options = self.options;
        let max_us = options.hook_backoff_max_us;
        let hook = self.hooks.entry(self.jobs[&key].hook).or_default();
        if hook.quiet_at <= now {
            *hook = HookView::default();
        }
        if hook.not_before <= now {
            hook.deaths += 1;
            if hook.deaths > 1 {
                let doubled = options.hook_backoff_min_us << (hook.deaths - 2).min(30);
                hook.not_before = now.plus_us(doubled.min(max_us));
            }
        }
        hook.quiet_at = hook.not_before.max(now).plus_us(max_us);
        if hook.not_before > now {
            self.note("a hook has to wait");
        }
    }

    pub(crate) fn hooks_in_trouble(&self, now: Time) -> usize {
        let hooks = self.hooks.values();
        hooks.filter(|hook| hook.quiet_at > now).count()
    }
}
