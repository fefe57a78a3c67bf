//! Whose turn it is: shares, kept places, the waiting room.

use super::*;

const A: AppKey = AppKey(1);
const B: AppKey = AppKey(2);
const C: AppKey = AppKey(3);

fn start(child: u64, job: u64) -> Output {
    Output::StartJob {
        child: ChildId(child),
        job: JobKey(job),
    }
}

fn postpone(job: u64) -> Output {
    Output::Postpone { job: JobKey(job) }
}

fn release(job: u64) -> Output {
    Output::Release { job: JobKey(job) }
}

/// All children are warm, so that nothing is ever asked for while jobs run.
fn rig(max_children: usize, app_share: usize, reserve: usize) -> Rig {
    Rig::with(PoolOptions {
        max_children,
        warm: max_children,
        app_share,
        reserve,
        ..PoolOptions::default()
    })
    .warm_up()
}

impl Rig {
    /// Leases a job of this app, and a hook of its own.
    fn lease_for(&mut self, app: AppKey, job: u64) -> Vec<Output> {
        self.lease_of(job, app, HookKey(job))
    }

    /// The child's job is done, and another child is ready in its place.
    fn replaced(&mut self, child: u64, by: u64) -> Vec<Output> {
        let mut outputs = self.done(ChildId(child));
        outputs.extend(self.gone(ChildId(child), SIGKILL));
        outputs.extend(self.ready(ChildId(by)));
        outputs.retain(|output| matches!(output, Output::StartJob { .. }));
        outputs
    }
}

#[test]
fn an_app_runs_no_more_than_its_share_and_its_next_job_waits() {
    let mut rig = rig(4, 2, 1);
    rig.lease_for(A, 1);
    rig.lease_for(A, 2);
    assert_eq!(rig.lease_for(A, 3), []);
    assert_eq!((rig.pool.wants_jobs(), rig.pool.stats().held), (2, 1));
    assert_eq!(
        rig.lease_for(B, 4),
        [start(3, 4)],
        "nobody else waits for it"
    );
    let outputs = rig.done(C1);
    assert_eq!(outputs[1], start(4, 3), "its turn comes with its app's end");
}

#[test]
fn kept_places_are_for_apps_that_run_nothing() {
    let mut rig = rig(4, 0, 1);
    for job in 1..=3 {
        assert_eq!(rig.lease_for(A, job), [start(job, job)]);
    }
    assert_eq!(rig.lease_for(A, 4), []);
    assert_eq!(rig.lease_for(B, 5), [start(4, 5)]);
    assert_eq!(rig.lease_for(C, 6), []);
    // The next place goes to the app that runs nothing, though the other has waited for longer.
    assert_eq!(rig.replaced(1, 5), [start(5, 6)]);
    assert_eq!(rig.replaced(2, 6), []);
    assert_eq!(
        rig.replaced(4, 7),
        [start(6, 4)],
        "two run: a place for all"
    );
}

#[test]
fn among_jobs_that_may_start_the_longest_waiting_one_does() {
    let mut rig = rig(2, 0, 0);
    rig.lease_for(A, 1);
    rig.lease_for(A, 2);
    rig.lease_for(A, 3);
    rig.lease_for(B, 4);
    rig.lease_for(A, 5);
    assert_eq!(rig.replaced(1, 3), [start(3, 3)]);
    assert_eq!(rig.replaced(2, 4), [start(4, 4)]);
    assert_eq!(rig.replaced(3, 5), [start(5, 5)]);
}

#[test]
fn one_child_serves_all_apps_in_turn() {
    let mut rig = rig(1, 0, 1);
    assert_eq!(rig.lease_for(A, 1), [start(1, 1)]);
    assert_eq!(rig.lease_for(A, 2), []);
    assert_eq!(rig.lease_for(B, 3), []);
    assert_eq!(rig.replaced(1, 2), [start(2, 2)]);
    assert_eq!(rig.replaced(2, 3), [start(3, 3)]);
    assert_eq!(rig.pool.stats().jobs_postponed, 0);
}

#[test]
fn one_app_fills_no_more_than_half_of_the_room() {
    let mut rig = rig(4, 1, 1);
    for job in 1..=5 {
        rig.lease_for(A, job);
    }
    assert_eq!(rig.pool.stats().held, 4);
    assert_eq!(rig.lease_for(A, 6), [postpone(6)]);
    rig.lease_for(B, 7);
    assert_eq!(rig.lease_for(B, 8), [], "another app's job has room");
    assert_eq!(rig.pool.stats().jobs_postponed, 1);
    let lost = Input::LeaseLost { job: JobKey(6) };
    assert_eq!(rig.input(lost), []);
    assert_eq!(rig.late(), 1, "what was handed back is forgotten");
}

#[test]
fn a_full_room_takes_nobody_but_who_may_start_starts() {
    let mut rig = Rig::with(PoolOptions {
        max_children: 4,
        warm: 4,
        app_share: 1,
        waiting_room: 2,
        ..PoolOptions::default()
    })
    .warm_up();
    for (app, job) in [(A, 1), (A, 2), (B, 3), (B, 4)] {
        rig.lease_for(app, job);
    }
    assert_eq!(rig.pool.stats().held, 2);
    assert_eq!(rig.lease_for(B, 5), [postpone(5)]);
    assert_eq!(rig.lease_for(C, 6), [start(3, 6)]);
    assert_eq!(rig.lease_for(C, 7), [postpone(7)]);
}

#[test]
fn a_job_that_waits_with_no_child_getting_ready_is_handed_back() {
    let mut rig = Rig::new(2, 1);
    rig.wait(5_000 * MS);
    rig.lease_for(A, 1);
    rig.wait(4_000 * MS);
    rig.lease_for(A, 2);
    let given_up = rig.wait(5_000 * MS);
    assert_eq!(given_up, [Output::KillZygote { zygote: Z1 }], "not yet");
    rig.input(Input::ZygoteGone { zygote: Z1 });
    assert_eq!(
        rig.wait(1_000 * MS - 1),
        [Output::StartZygote { zygote: Z2 }]
    );
    assert_eq!(rig.wait(1), [release(1)]);
    assert_eq!(rig.wait(4_000 * MS), [release(2)]);
    assert_eq!(rig.pool.stats().held, 0);
}

#[test]
fn a_child_that_gets_ready_renews_the_patience_of_those_that_wait() {
    let mut rig = rig(2, 1, 0);
    rig.lease_for(A, 1);
    rig.lease_for(A, 2);
    rig.input(Input::ChildReported {
        child: C1,
        finish_limit_us: u64::MAX,
    });
    rig.wait(9_000 * MS);
    rig.gone(C2, SIGKILL);
    rig.wait(50 * MS);
    rig.ready(C3);
    assert_eq!(rig.wait(10_000 * MS - 1), []);
    assert_eq!(rig.wait(1), [release(2)]);
}

#[test]
fn a_job_whose_turn_comes_when_its_patience_ends_starts() {
    let mut rig = rig(2, 1, 0);
    rig.lease_for(A, 1);
    rig.lease_for(A, 2);
    rig.input(Input::ChildReported {
        child: C1,
        finish_limit_us: 10_000 * MS,
    });
    let outputs = rig.wait(10_000 * MS);
    assert_eq!(outputs[2], start(2, 2), "{outputs:?}");
}

#[test]
fn a_drain_hands_back_all_that_waits_and_ends_all_waits() {
    let mut rig = rig(2, 1, 1);
    for (app, job) in [(A, 1), (A, 2), (A, 3), (B, 4), (B, 5)] {
        rig.lease_for(app, job);
    }
    let outputs = rig.input(Input::Drain { limit_us: 500 * MS });
    assert_eq!(outputs[..3], [release(2), release(3), release(5)]);
    assert_eq!(rig.pool.poll_timeout(), Some(rig.now.plus_us(500 * MS)));
}

#[test]
fn children_are_asked_for_only_for_jobs_that_may_use_them() {
    let mut rig = Rig::with(PoolOptions {
        max_children: 8,
        warm: 1,
        app_share: 2,
        ..PoolOptions::default()
    })
    .warm_up();
    for job in 1..=4 {
        rig.lease_for(A, job);
    }
    // One runs, one more may, two have to wait; and one is for whoever comes.
    assert_eq!(rig.pool.stats().children.requested, 2);
}
