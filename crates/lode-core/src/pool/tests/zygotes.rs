//! Zygotes: started one at a time, replaced when used up or in doubt.

use super::*;
use crate::Verdict;

const SPAWN_FROM_Z2: Output = Output::SpawnChild {
    zygote: Z2,
    child: C3,
};

fn start(zygote: ZygoteId) -> Output {
    Output::StartZygote { zygote }
}

fn stop(zygote: ZygoteId) -> Output {
    Output::StopZygote { zygote }
}

fn kill(child: ChildId) -> Output {
    Output::KillChild { child }
}

fn gone(zygote: ZygoteId) -> Input {
    Input::ZygoteGone { zygote }
}

fn ready(zygote: ZygoteId) -> Input {
    Input::ZygoteReady { zygote }
}

#[test]
fn a_zygote_that_is_not_ready_in_time_is_killed_and_replaced_after_a_wait() {
    let mut rig = Rig::new(2, 1);
    assert_eq!(rig.wait(10_000 * MS - 1), []);
    assert_eq!(rig.wait(1), [Output::KillZygote { zygote: Z1 }]);
    assert_eq!(rig.input(ready(Z1)), [], "too late");
    assert_eq!(rig.input(gone(Z1)), []);
    assert_eq!(rig.wait(50 * MS), [start(Z2)]);
}

#[test]
fn zygotes_that_die_before_they_are_ready_are_restarted_ever_more_slowly() {
    let mut rig = Rig::new(2, 1);
    for (n, wait_ms) in [(1, 50), (2, 100), (3, 200)] {
        assert_eq!(rig.input(gone(ZygoteId(n))), []);
        assert_eq!(rig.wait(wait_ms * MS - 1), []);
        assert_eq!(rig.wait(1), [start(ZygoteId(n + 1))]);
    }
}

#[test]
fn a_serving_zygote_that_dies_is_replaced_at_once_but_not_again_and_again() {
    let mut rig = Rig::new(2, 1);
    rig.input(ready(Z1));
    assert_eq!(rig.input(gone(Z1)), [start(Z2)]);
    rig.input(ready(Z2));
    assert_eq!(rig.input(gone(Z2)), []);
    assert_eq!(rig.wait(100 * MS), [start(ZygoteId(3))]);
    // This one served for long enough to be a case of its own.
    rig.input(ready(ZygoteId(3)));
    rig.wait(5_000 * MS);
    assert!(rig.input(gone(ZygoteId(3))).contains(&start(ZygoteId(4))));
}

#[test]
fn a_dead_zygote_takes_its_unspawned_children_and_dooms_its_idle_ones() {
    let mut rig = Rig::new(8, 3);
    rig.input(ready(Z1));
    rig.ready(C1);
    rig.spawned(C2);
    assert_eq!(rig.input(gone(Z1)), [kill(C1), kill(C2), start(Z2)]);
    assert_eq!(
        rig.pool.stats().children.live(),
        2,
        "the third was never there"
    );
    assert_eq!(rig.pool.wants_jobs(), 0);
    assert_eq!(rig.lease(J1), [], "held, not given to the doomed one");
    rig.gone(C1, ExitCause::ZygoteLost);
    rig.gone(C2, ExitCause::ZygoteLost);
    assert_eq!(
        rig.input(ready(Z2)).len(),
        4,
        "and nothing of it counts against children"
    );
}

#[test]
fn a_running_child_of_a_dead_zygote_is_decided_by_its_own_end() {
    let mut rig = Rig::warmed(1, 1);
    rig.lease_as(J1, true);
    assert_eq!(rig.input(gone(Z1)), [start(Z2)]);
    let cause = ExitCause::ZygoteLost;
    assert_eq!(rig.gone(C1, cause), [Output::Retry { job: J1, cause }]);
    assert_eq!(rig.pool.stats().zygotes, 1);
}

#[test]
fn after_its_last_fork_a_zygote_serves_until_its_successor_is_ready() {
    let mut rig = Rig::with(PoolOptions {
        max_children: 8,
        warm: 1,
        zygote_forks_max: 2,
        ..PoolOptions::default()
    })
    .warm_up();
    let from_z1 = |n| Output::SpawnChild {
        zygote: Z1,
        child: ChildId(n),
    };
    assert_eq!(rig.lease(J1)[1..], [from_z1(2), start(Z2)]);
    rig.ready(C2);
    assert_eq!(
        rig.lease(J2)[1..],
        [from_z1(3)],
        "late rotation, but no shortage"
    );
    assert_eq!(rig.input(ready(Z2)), [], "enough are on their way");
    for child in [C1, C2] {
        rig.done(child);
        rig.gone(child, SIGKILL);
    }
    rig.ready(C3);
    let outputs = rig.lease(JobKey(3));
    let child = ChildId(4);
    assert_eq!(outputs[1], Output::SpawnChild { zygote: Z2, child });
    rig.done(C3);
    assert_eq!(rig.gone(C3, SIGKILL), [stop(Z1)], "its last child is gone");
    assert_eq!(rig.input(gone(Z1)), []);
}

#[test]
fn an_old_zygote_is_replaced() {
    let mut rig = Rig::warmed(2, 1);
    let age_us = PoolOptions::default().zygote_age_max_us;
    assert_eq!(rig.pool.poll_timeout(), Some(rig.now.plus_us(age_us)));
    assert_eq!(rig.wait(age_us - 1), []);
    assert_eq!(rig.wait(1), [start(Z2)]);
    assert!(rig.pool.poll_timeout() > Some(rig.now), "asked for once");
    rig.input(ready(Z2));
    assert_eq!(
        rig.pool.wants_jobs(),
        1,
        "its idle child is as good as before"
    );
}

#[test]
fn a_zygote_in_doubt_retires_at_once_with_all_children_that_have_no_job() {
    let mut rig = Rig::new(8, 3);
    rig.input(ready(Z1));
    rig.ready(C1);
    rig.ready(C2);
    rig.lease(J1);
    // C1 runs; C2 is idle, C3 and C4 are requested.
    let outputs = rig.gone(C1, SIGSEGV);
    assert_eq!(
        outputs[1..],
        [kill(C2), kill(C3), kill(ChildId(4)), start(Z2)]
    );
    assert_eq!(rig.lease(J2), [], "nobody of that layout gets a job");
    for child in [C2, C3, ChildId(4)] {
        let last = rig.gone(child, SIGKILL);
        assert_eq!(last.contains(&stop(Z1)), child == ChildId(4));
    }
    assert_eq!(rig.input(ready(Z2)).len(), 4);
}

#[test]
fn a_forbidden_call_is_a_violation_and_puts_the_zygote_in_doubt() {
    let mut rig = Rig::warmed(8, 2);
    rig.lease(J1);
    let breach = Breach::ForbiddenCall;
    let verdict = Verdict::Violation {
        breach: Some(breach),
        cause: None,
    };
    assert_eq!(
        rig.broke(C1, breach),
        [
            kill(C1),
            Output::Settle { job: J1, verdict },
            kill(C2),
            kill(C3),
            start(Z2)
        ]
    );
    for child in [C2, C3] {
        rig.gone(child, SIGKILL);
    }
    assert_eq!(rig.gone(C1, ExitCause::Signal(31)), [stop(Z1)]);
}

#[test]
fn a_forbidden_call_counts_against_the_zygote_whatever_the_child_was_doing() {
    let breach = Breach::ForbiddenCall;
    let mut rig = Rig::warmed(8, 1);
    assert_eq!(rig.broke(C1, breach), [kill(C1), start(Z2)], "idle");
    let mut rig = Rig::warmed(8, 1);
    rig.lease(J1);
    rig.done(C1);
    let outputs = rig.broke(C1, breach);
    assert_eq!(outputs, [kill(C1), kill(C2), start(Z2)], "finished");
    let mut rig = Rig::warmed(8, 1);
    rig.lease(J1);
    rig.input(Input::LeaseLost { job: J1 });
    assert_eq!(rig.broke(C1, breach), [kill(C2), start(Z2)], "killed");
}

#[test]
fn doubt_about_a_retiring_zygote_still_kills_its_idle_children() {
    let mut rig = Rig::warmed(3, 2);
    rig.lease(J1);
    rig.wait(PoolOptions::default().zygote_age_max_us);
    rig.input(ready(Z2));
    let cause = SIGSEGV;
    let outputs = rig.gone(C1, cause);
    assert!(outputs.contains(&kill(C2)), "{outputs:?}");
}

#[test]
fn doubt_while_the_successor_starts_does_not_start_a_third() {
    let mut rig = Rig::warmed(2, 2);
    rig.wait(PoolOptions::default().zygote_age_max_us);
    rig.lease(J1);
    let outputs = rig.gone(C1, SIGSEGV);
    assert!(!outputs.contains(&start(ZygoteId(3))));
    assert_eq!(outputs.last(), Some(&kill(C2)));
    assert_eq!(rig.input(ready(Z2)), [SPAWN_FROM_Z2]);
}

#[test]
fn a_zygote_that_does_not_stop_is_killed() {
    let mut rig = Rig::warmed(1, 1);
    rig.gone(C1, SIGSEGV);
    rig.input(ready(Z2));
    assert_eq!(rig.wait(10_000 * MS)[0], Output::KillZygote { zygote: Z1 });
}
