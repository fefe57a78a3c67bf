//! The world: virtual time, an agenda of what will happen, and a shell that is sometimes late.

use std::collections::BTreeMap;

use fastrand::Rng;
use lode_core::{ChildId, Input, JobKey, Output, Pool, Time, ZygoteId};

use crate::plan::{self, MS, chance};
use crate::processes::Processes;
use crate::shadow::Shadow;

/// Something on the agenda.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    /// The shell reads this, if its sender can still have sent it.
    Deliver(Input),
    /// The process ends; its children and the shell learn of it after that.
    ZygoteDies(ZygoteId),
    /// The process forks and reaps no more.
    ZygoteSticks(ZygoteId),
    /// The shell asks the queue for jobs, if the pool wants any.
    AskForJobs,
    /// The queue answers with so many.
    JobsLeased(usize),
    /// A message about something that ended long ago.
    Stray,
}

const CHAOS_STEPS: u32 = 500;
/// No phase takes longer unless the pool hangs: each wait in it is at most some seconds.
const PHASE_US_MAX: u64 = 60_000 * MS;
const PHASE_STEPS_MAX: u32 = 100_000;

/// One seed's pool and everything around it.
pub(crate) struct World {
    seed: u64,
    step: u32,
    pub(crate) rng: Rng,
    pub(crate) faults: bool,
    pub(crate) now: Time,
    pool: Pool,
    pub(crate) shadow: Shadow,
    pub(crate) processes: Processes,
    agenda: BTreeMap<(Time, u64), Event>,
    scheduled: u64,
    next_job: u64,
}

#[expect(clippy::print_stderr, reason = "says how to replay a failure")]
impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { seed, step, .. } = self;
            eprintln!("simulation failed: LODE_SIM_SEED={seed}, step {step}");
        }
    }
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let options = plan::options(&mut rng);
        let now = Time(rng.u64(0..1_000 * MS));
        let shadow = Shadow::new(options);
        Self {
            seed,
            step: 0,
            rng,
            faults: true,
            now,
            pool: Pool::new(options, now),
            shadow,
            processes: Processes::default(),
            agenda: BTreeMap::new(),
            scheduled: 0,
            next_job: 0,
        }
    }

    /// Chaos, then (unless the chaos had a drain) calm and recovery, then the drain to its end.
    pub(crate) fn run(&mut self) {
        self.take_outputs();
        self.schedule(0, Event::AskForJobs);
        let drain_at = self.rng.u32(0..CHAOS_STEPS * 3);
        for step in 0..CHAOS_STEPS {
            if step == drain_at {
                self.drain();
            }
            self.step();
        }
        self.faults = false;
        if !self.pool.is_draining() {
            self.run_until("recovered", |world| {
                let warm = world.shadow.options.warm;
                world.shadow.jobs.is_empty() && world.pool.stats().children.idle >= warm
            });
            self.drain();
        }
        self.run_until("drained", |world| world.shadow.drained);
        self.finish();
    }

    /// After the end only late messages come, and only stubborn zygotes are dealt with.
    fn finish(&mut self) {
        if !self.shadow.drain_limit_passed {
            self.shadow.note("a drain ended by itself");
        }
        assert!(self.shadow.jobs.is_empty(), "a job has no end");
        let said = self.shadow.trace.len();
        self.run_until("all quiet", |world| {
            world.agenda.is_empty() && world.pool.poll_timeout().is_none()
        });
        for (_, output) in &self.shadow.trace[said..] {
            let is_fit = matches!(output, Output::KillZygote { .. } | Output::Release { .. });
            assert!(is_fit, "{output:?} after the end");
        }
        assert_eq!(self.pool.stats().zygotes, 0, "a zygote outlived everything");
    }

    #[track_caller]
    fn run_until(&mut self, what: &str, is_reached: impl Fn(&Self) -> bool) {
        let (begin, step) = (self.now, self.step);
        while !is_reached(self) {
            self.step();
            let is_hung = self.now.saturating_since(begin) > PHASE_US_MAX
                || self.step - step > PHASE_STEPS_MAX;
            assert!(
                !is_hung,
                "never {what}: {:?} {:#?}",
                self.pool.stats(),
                self.shadow.zygotes
            );
        }
    }

    fn drain(&mut self) {
        let limit_us = self.rng.u64(1..100 * MS);
        self.input(Input::Drain { limit_us });
    }

    /// The next thing happens: an event, or a deadline of the pool. Both are seen late at times,
    /// and then in any order.
    fn step(&mut self) {
        self.step += 1;
        let event_at = self.agenda.first_key_value().map(|((at, _), _)| *at);
        let timer_at = self.pool.poll_timeout();
        let next = event_at.into_iter().chain(timer_at).min();
        let next = next.expect("something will happen again");
        self.now = self.now.max(next);
        if self.faults && chance(&mut self.rng, 5) {
            self.now = self.now.plus_us(self.rng.u64(0..30 * MS));
        }
        let is_event_due = event_at.is_some_and(|at| at <= self.now);
        let is_timer_due = timer_at.is_some_and(|at| at <= self.now);
        if is_event_due && (!is_timer_due || self.rng.bool()) {
            if let Some((_, event)) = self.agenda.pop_first() {
                self.happen(event);
            }
        } else {
            self.call(None);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Deliver(input) => {
                if self.can_arrive(input) {
                    self.input(input);
                }
            }
            Event::ZygoteDies(zygote) => self.zygote_dies(zygote),
            Event::ZygoteSticks(zygote) => self.zygote_sticks(zygote),
            Event::AskForJobs => self.ask_for_jobs(),
            Event::JobsLeased(n) => {
                for _ in 0..n {
                    self.lease();
                }
            }
            Event::Stray => self.stray(),
        }
    }

    /// Asks as the shell does: one request at a time, for what the pool wants; some children die
    /// before the answer is there, and sometimes the queue gives more than was asked for.
    fn ask_for_jobs(&mut self) {
        if !self.faults {
            return;
        }
        let pause_us = self.rng.u64(0..8 * MS);
        let answer_us = self.rng.u64(0..=pause_us);
        let surplus = if chance(&mut self.rng, 5) { 2 } else { 0 };
        let jobs = self.rng.usize(0..=self.pool.wants_jobs()) + surplus;
        self.schedule(answer_us, Event::JobsLeased(jobs));
        self.schedule(pause_us, Event::AskForJobs);
        if chance(&mut self.rng, 10) {
            self.schedule(pause_us, Event::Stray);
        }
    }

    fn lease(&mut self) {
        self.next_job += 1;
        let job = JobKey(self.next_job);
        if chance(&mut self.rng, 6) {
            let after_us = self.rng.u64(0..40 * MS);
            self.schedule(after_us, Event::Deliver(Input::LeaseLost { job }));
        }
        if chance(&mut self.rng, 6) {
            let after_us = self.rng.u64(0..40 * MS);
            self.schedule(after_us, Event::Deliver(Input::Cancel { job }));
        }
        let wall_limit_us = self.rng.u64(1..40 * MS);
        let host_wait_limit_us = self.rng.u64(0..30 * MS);
        let idempotent = self.rng.bool();
        let (app, hook) = plan::app_and_hook(&mut self.rng);
        self.input(Input::JobLeased {
            job,
            app,
            hook,
            wall_limit_us,
            host_wait_limit_us,
            idempotent,
        });
    }

    fn stray(&mut self) {
        let child = ChildId(self.rng.u64(0..5_000));
        if self.shadow.children.contains_key(&child) {
            return;
        }
        let zygote = ZygoteId(self.rng.u64(1_000_000..2_000_000));
        let cause = plan::cause(&mut self.rng);
        let breach = plan::breach(&mut self.rng);
        let strays = [
            Input::ChildSpawned { child },
            Input::ChildReady { child },
            Input::ChildDone { child },
            Input::HostCallStarted { child },
            Input::HostCallEnded { child },
            Input::ChildBroke { child, breach },
            Input::ChildGone { child, cause },
            Input::ZygoteReady { zygote },
            Input::ZygoteGone { zygote },
        ];
        let late = self.pool.stats().late_dropped;
        let stray = strays[self.rng.usize(0..strays.len())];
        self.input(stray);
        assert_eq!(self.pool.stats().late_dropped, late + 1);
    }

    pub(crate) fn schedule(&mut self, after_us: u64, event: Event) {
        self.scheduled += 1;
        let at = self.now.plus_us(after_us);
        self.agenda.insert((at, self.scheduled), event);
    }

    fn input(&mut self, input: Input) {
        self.call(Some(input));
    }

    fn call(&mut self, input: Option<Input>) {
        self.shadow.expect(input, self.now);
        match input {
            Some(input) => self.pool.handle_input(input, self.now),
            None => self.pool.handle_timeout(self.now),
        }
        self.take_outputs();
    }

    fn take_outputs(&mut self) {
        while let Some(output) = self.pool.poll_output() {
            self.shadow.check_output(output, self.now);
            self.carry_out(output);
        }
        self.shadow.settle_up(self.now);
        self.check();
    }

    /// What the pool says about itself agrees with the shadow, and it will wake up for what it
    /// still owes.
    fn check(&self) {
        // A debug build has done so after each call.
        if !cfg!(debug_assertions) {
            self.pool.check_invariants();
        }
        self.shadow.check_nothing_overdue(self.now);
        let stats = self.pool.stats();
        assert_eq!(stats.children.live(), self.shadow.children.len());
        assert_eq!(stats.children.idle, self.shadow.idle.len());
        assert_eq!(stats.held, self.shadow.held.len());
        assert_eq!(
            stats.hooks_in_trouble,
            self.shadow.hooks_in_trouble(self.now)
        );
        let wanted = if self.shadow.is_draining() {
            0
        } else {
            self.shadow.idle.len()
        };
        assert_eq!(self.pool.wants_jobs(), wanted);
        let timeout = self.pool.poll_timeout();
        assert!(
            timeout.is_none_or(|at| at > self.now),
            "a timer that does nothing"
        );
        let owes_turn = self.shadow.next_turn(self.now);
        assert!(
            owes_turn.is_none_or(|by| timeout.is_some_and(|at| at <= by)),
            "nothing will end a wait"
        );
        let owes_child = self.shadow.missing(self.now) > 0;
        let owes_zygote = self.shadow.lacks_zygote() && !self.shadow.is_draining();
        if owes_child || owes_zygote {
            let latest = self.now.plus_us(self.shadow.options.backoff_max_us);
            assert!(
                timeout.is_some_and(|at| at <= latest),
                "nothing will end a shortage"
            );
        }
        if owes_child {
            assert!(stats.failed_starts > 0, "a shortage for no reason");
        }
    }
}
