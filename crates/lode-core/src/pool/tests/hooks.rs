//! Hooks whose jobs cost children: their next jobs wait, those of others do not.

use lode_proto::ChildExit;

use super::*;

const APP: AppKey = AppKey(1);
const HOOK: HookKey = HookKey(1);
const ABORT: ExitCause = ExitCause::UnknownCode(7);
const OTHER_HOOK: HookKey = HookKey(2);

fn start(child: u64, job: u64) -> Output {
    Output::StartJob {
        child: ChildId(child),
        job: JobKey(job),
    }
}

/// A pool that has a new child ready after each death, and numbers for the next child and job.
struct Crashes {
    rig: Rig,
    child: u64,
    job: u64,
}

impl Crashes {
    fn new() -> Self {
        let rig = Rig::warmed(1, 1);
        let (child, job) = (1, 1);
        Self { rig, child, job }
    }

    /// A job of the hook starts, ends in `end`, and the next child is idle. Returns the job.
    fn start_and(&mut self, end: impl FnOnce(&mut Rig, ChildId)) {
        let started = self.rig.lease_of(self.job, APP, HOOK);
        assert_eq!(started, [start(self.child, self.job)]);
        end(&mut self.rig, ChildId(self.child));
        self.next_child();
    }

    fn crash(&mut self) {
        self.start_and(|rig, child| {
            rig.gone(child, ABORT);
        });
    }

    fn next_child(&mut self) {
        self.child += 1;
        self.job += 1;
        self.rig.ready(ChildId(self.child));
        assert_eq!(self.rig.pool.wants_jobs(), 1);
    }

    /// The hook's next job starts after so long and not before.
    #[track_caller]
    fn next_waits(&mut self, us: u64) {
        assert_eq!(self.rig.lease_of(self.job, APP, HOOK), []);
        assert_eq!(self.rig.pool.poll_timeout(), Some(self.rig.now.plus_us(us)));
        assert_eq!(self.rig.wait(us - 1), []);
        assert_eq!(self.rig.wait(1), [start(self.child, self.job)]);
    }
}

#[test]
fn the_second_death_in_a_row_makes_the_next_job_wait_and_each_further_one_longer() {
    let mut crashes = Crashes::new();
    crashes.crash();
    crashes.crash();
    for wait_ms in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
        crashes.next_waits(wait_ms * MS);
        let child = ChildId(crashes.child);
        crashes.rig.gone(child, ABORT);
        crashes.next_child();
    }
}

#[test]
fn whatever_ends_a_run_without_a_report_counts_as_a_death() {
    type End = fn(&mut Rig, ChildId);
    let ends: [End; 5] = [
        |rig, _| drop(rig.wait(WALL_US + HARD_GRACE_US)),
        |rig, child| drop(rig.broke(child, Breach::Traffic)),
        |rig, child| drop(rig.broke(child, Breach::Memory)),
        |rig, child| drop(rig.gone(child, ExitCause::Signal(24))),
        |rig, child| drop(rig.gone(child, ExitCause::Exited(ChildExit::OutOfMemory))),
    ];
    for end in ends {
        let mut crashes = Crashes::new();
        crashes.crash();
        crashes.start_and(|rig, child| {
            end(rig, child);
            rig.gone(child, SIGKILL);
        });
        crashes.next_waits(100 * MS);
    }
}

#[test]
fn a_lost_lease_is_no_death() {
    let mut crashes = Crashes::new();
    for _ in 0..3 {
        let job = JobKey(crashes.job);
        crashes.start_and(|rig, child| {
            rig.input(Input::LeaseLost { job });
            rig.gone(child, SIGKILL);
        });
    }
    assert_eq!(crashes.rig.pool.stats().hooks_in_trouble, 0);
}

#[test]
fn a_report_ends_the_wait_and_forgets_the_deaths() {
    let mut rig = Rig::warmed(3, 3);
    rig.lease_of(1, APP, HOOK);
    rig.lease_of(2, APP, HOOK);
    rig.gone(C1, ABORT);
    rig.ready(ChildId(4));
    rig.lease_of(3, APP, HOOK);
    rig.gone(C3, ABORT);
    assert_eq!(rig.lease_of(4, APP, HOOK), [], "two deaths: it waits");
    let outputs = rig.done(C2);
    assert!(outputs.contains(&start(4, 4)), "{outputs:?}");
    assert_eq!(rig.pool.stats().hooks_in_trouble, 0);
}

#[test]
fn other_hooks_of_the_app_do_not_wait() {
    let mut crashes = Crashes::new();
    crashes.crash();
    crashes.crash();
    let Crashes {
        mut rig,
        child,
        job,
    } = crashes;
    assert_eq!(rig.lease_of(job, APP, HOOK), []);
    assert_eq!(
        rig.pool.wants_jobs(),
        1,
        "an idle child is still for others"
    );
    assert_eq!(
        rig.lease_of(job + 1, AppKey(2), HookKey(3)),
        [start(child, job + 1)]
    );
    rig.done(ChildId(child));
    rig.gone(ChildId(child), SIGKILL);
    rig.ready(ChildId(child + 1));
    assert_eq!(
        rig.lease_of(job + 2, AppKey(3), OTHER_HOOK),
        [start(child + 1, job + 2)]
    );
}

#[test]
fn all_of_a_hooks_jobs_wait_and_start_in_their_order() {
    let mut rig = Rig::with(PoolOptions {
        max_children: 2,
        warm: 2,
        reserve: 0,
        waiting_room: 8,
        ..PoolOptions::default()
    })
    .warm_up();
    rig.lease_of(1, APP, HOOK);
    rig.lease_of(2, APP, HOOK);
    for job in 3..=5 {
        rig.lease_of(job, APP, HOOK);
    }
    rig.gone(C1, ABORT);
    rig.gone(C2, ABORT);
    assert_eq!(
        rig.ready(C3),
        [],
        "those who were there before the death wait, too"
    );
    rig.ready(ChildId(4));
    assert_eq!(rig.wait(100 * MS), [start(3, 3), start(4, 4)]);
    assert_eq!(rig.pool.stats().held, 1);
}

#[test]
fn a_quiet_time_forgets_a_hooks_deaths() {
    let mut crashes = Crashes::new();
    crashes.crash();
    crashes.rig.wait(5_000 * MS - 1);
    assert_eq!(crashes.rig.pool.stats().hooks_in_trouble, 1);
    crashes.rig.wait(1);
    assert_eq!(crashes.rig.pool.stats().hooks_in_trouble, 0);
    crashes.crash();
    crashes.crash();
    crashes.next_waits(100 * MS);
}

#[test]
fn jobs_that_wait_for_their_hook_call_for_no_children() {
    let mut crashes = Crashes::new();
    crashes.crash();
    crashes.start_and(|rig, child| {
        rig.gone(child, ABORT);
    });
    let asked = crashes.rig.pool.stats().children_requested;
    crashes.rig.lease_of(crashes.job, APP, HOOK);
    assert_eq!(crashes.rig.pool.stats().children_requested, asked);
}
