//! Jobs: started, held, and decided once.

use lode_proto::{ChildExit, ExitCause};

use super::*;
use crate::Verdict;

fn settle(job: JobKey, verdict: Verdict) -> Output {
    Output::Settle { job, verdict }
}

#[test]
fn a_leased_job_starts_at_once_and_the_refill_comes_after() {
    let mut rig = Rig::warmed(8, 2);
    assert_eq!(rig.pool.wants_jobs(), 2);
    assert_eq!(
        rig.lease(J1),
        [
            Output::StartJob { child: C1, job: J1 },
            Output::SpawnChild {
                zygote: Z1,
                child: C3
            },
        ]
    );
    assert_eq!(rig.pool.wants_jobs(), 1);
}

#[test]
fn the_child_that_is_idle_for_longest_gets_the_job() {
    let mut rig = Rig::new(8, 2);
    rig.input(Input::ZygoteReady { zygote: Z1 });
    rig.ready(C2);
    rig.ready(C1);
    assert_eq!(rig.lease(J1)[0], Output::StartJob { child: C2, job: J1 });
}

#[test]
fn a_report_settles_and_the_child_is_not_used_again() {
    let mut rig = Rig::warmed(1, 1);
    rig.lease(J1);
    assert_eq!(rig.done(C1), [settle(J1, Verdict::Reported { child: C1 })]);
    assert_eq!(rig.pool.wants_jobs(), 0);
    assert_eq!(
        rig.gone(C1, ExitCause::Exited(ChildExit::Reported)),
        [Output::SpawnChild {
            zygote: Z1,
            child: C2
        }]
    );
}

#[test]
fn a_job_whose_child_died_meanwhile_is_held_for_the_next_ready_one() {
    let mut rig = Rig::warmed(1, 1);
    rig.gone(C1, SIGKILL);
    assert_eq!(rig.lease(J1), []);
    assert_eq!(rig.lease(J2), []);
    assert_eq!((rig.pool.wants_jobs(), rig.pool.stats().held), (0, 2));
    rig.wait(50 * MS);
    assert_eq!(rig.ready(C2), [Output::StartJob { child: C2, job: J1 }]);
    assert_eq!((rig.pool.wants_jobs(), rig.pool.stats().held), (0, 1));
}

#[test]
fn held_jobs_get_children_beyond_the_warm_reserve() {
    let mut rig = Rig::new(8, 1);
    rig.lease(J1);
    rig.lease(J2);
    let spawned = rig.input(Input::ZygoteReady { zygote: Z1 });
    assert_eq!(spawned.len(), 3);
}

#[test]
fn the_hard_deadline_kills_and_settles_at_its_instant() {
    let mut rig = Rig::warmed(1, 1);
    rig.lease(J1);
    assert_eq!(
        rig.pool.poll_timeout(),
        Some(rig.now.plus_us(WALL_US + HARD_GRACE_US))
    );
    assert_eq!(rig.wait(WALL_US + HARD_GRACE_US - 1), []);
    assert_eq!(
        rig.wait(1),
        [
            Output::KillChild { child: C1 },
            settle(J1, Verdict::TimedOut)
        ]
    );
}

#[test]
fn a_report_before_the_hard_deadline_wins() {
    let mut rig = Rig::warmed(1, 1);
    rig.lease(J1);
    rig.wait(WALL_US + HARD_GRACE_US - 1);
    assert_eq!(rig.done(C1), [settle(J1, Verdict::Reported { child: C1 })]);
}

#[test]
fn late_completion_after_deadline_is_dropped() {
    let mut rig = Rig::warmed(1, 1);
    rig.lease(J1);
    rig.wait(WALL_US + HARD_GRACE_US);
    assert_eq!(rig.done(C1), []);
    assert_eq!(rig.late(), 1);
}

#[test]
fn a_fork_that_fails_is_not_tried_again_at_once() {
    let mut rig = Rig::new(1, 1);
    rig.input(Input::ZygoteReady { zygote: Z1 });
    assert_eq!(rig.gone(C1, ExitCause::ForkFailed), []);
    assert!(rig.pool.poll_timeout() > Some(rig.now));
}

#[test]
fn the_verdict_does_not_depend_on_who_is_called_first_at_the_deadline() {
    let mut rig = Rig::warmed(1, 1);
    rig.lease(J1);
    rig.now = rig.now.plus_us(WALL_US + HARD_GRACE_US);
    let outputs = rig.done(C1);
    assert_eq!(outputs[1], settle(J1, Verdict::TimedOut));
}

#[test]
fn a_finished_child_that_does_not_exit_is_killed() {
    let mut rig = Rig::warmed(1, 1);
    rig.lease(J1);
    rig.done(C1);
    assert_eq!(rig.wait(100 * MS - 1), []);
    assert_eq!(rig.wait(1), [Output::KillChild { child: C1 }]);
    assert_eq!(rig.pool.stats().children.doomed, 1);
}

#[track_caller]
fn check_loss(cause: ExitCause, idempotent: bool, expected: Output) {
    let mut rig = Rig::warmed(1, 1);
    rig.lease_as(J1, idempotent);
    assert_eq!(rig.gone(C1, cause)[0], expected, "{cause}");
}

#[test]
fn the_way_a_child_dies_decides_whose_fault_it_is() {
    let oom = ExitCause::Exited(ChildExit::OutOfMemory);
    let sigsys = ExitCause::Signal(31);
    let violation = Verdict::Violation {
        breach: None,
        cause: Some(sigsys),
    };
    let cpu = ExitCause::Signal(24);
    for idempotent in [false, true] {
        check_loss(
            cpu,
            idempotent,
            settle(J1, Verdict::CpuTimedOut { cause: cpu }),
        );
        check_loss(
            oom,
            idempotent,
            settle(J1, Verdict::OutOfMemory { cause: oom }),
        );
        check_loss(sigsys, idempotent, settle(J1, violation));
    }
    for cause in [
        ExitCause::Exited(ChildExit::Reported),
        ExitCause::Exited(ChildExit::Panicked),
        ExitCause::Exited(ChildExit::EngineFatal),
        ExitCause::UnknownCode(7),
        ExitCause::Signal(6),
        SIGKILL,
        SIGSEGV,
        ExitCause::ZygoteLost,
    ] {
        check_loss(cause, false, settle(J1, Verdict::Crashed { cause }));
        check_loss(cause, true, Output::Retry { job: J1, cause });
    }
}

#[test]
fn a_breach_kills_the_child_and_settles_a_violation() {
    for breach in [
        Breach::Protocol,
        Breach::HostCalls,
        Breach::ResultSize,
        Breach::Traffic,
    ] {
        let mut rig = Rig::warmed(1, 1);
        rig.lease(J1);
        let verdict = Verdict::Violation {
            breach: Some(breach),
            cause: None,
        };
        assert_eq!(
            rig.broke(C1, breach),
            [Output::KillChild { child: C1 }, settle(J1, verdict)]
        );
        assert_eq!(rig.broke(C1, breach), []);
        assert_eq!(rig.late(), 1);
    }
}

#[test]
fn too_much_memory_kills_the_child_and_settles_out_of_memory() {
    let mut rig = Rig::warmed(1, 1);
    rig.lease(J1);
    let cause = ExitCause::KILLED_FOR_MEMORY;
    assert_eq!(
        rig.broke(C1, Breach::Memory),
        [
            Output::KillChild { child: C1 },
            settle(J1, Verdict::OutOfMemory { cause })
        ]
    );
}

#[test]
fn a_breach_after_the_report_kills_and_settles_nothing() {
    let mut rig = Rig::warmed(1, 1);
    rig.lease(J1);
    rig.done(C1);
    let outputs = rig.broke(C1, Breach::Protocol);
    assert_eq!(outputs, [Output::KillChild { child: C1 }]);
}

#[test]
fn a_lost_lease_kills_the_run_and_settles_nothing() {
    let mut rig = Rig::warmed(1, 1);
    rig.lease(J1);
    assert_eq!(
        rig.input(Input::LeaseLost { job: J1 }),
        [Output::KillChild { child: C1 }]
    );
    assert_eq!(rig.done(C1), []);
    let spawn = Output::SpawnChild {
        zygote: Z1,
        child: C2,
    };
    assert_eq!(rig.gone(C1, SIGKILL), [spawn]);
}

#[test]
fn a_held_job_whose_lease_is_lost_is_forgotten() {
    let mut rig = Rig::new(1, 1);
    rig.lease(J1);
    rig.lease(J2);
    assert_eq!(rig.input(Input::LeaseLost { job: J1 }), []);
    rig.input(Input::ZygoteReady { zygote: Z1 });
    assert_eq!(rig.ready(C1), [Output::StartJob { child: C1, job: J2 }]);
}

#[test]
fn a_cancelled_job_is_killed_and_settled_so() {
    let mut rig = Rig::warmed(1, 1);
    rig.lease(J1);
    let cancelled = settle(J1, Verdict::Cancelled);
    assert_eq!(
        rig.input(Input::Cancel { job: J1 }),
        [Output::KillChild { child: C1 }, cancelled]
    );
    assert_eq!(rig.done(C1), [], "its report comes too late");
    assert_eq!(rig.input(Input::Cancel { job: J1 }), []);
}

#[test]
fn a_held_job_that_is_cancelled_is_settled_without_a_start() {
    let mut rig = Rig::new(1, 1);
    rig.lease(J1);
    rig.lease(J2);
    let cancelled = settle(J1, Verdict::Cancelled);
    assert_eq!(rig.input(Input::Cancel { job: J1 }), [cancelled]);
    rig.input(Input::ZygoteReady { zygote: Z1 });
    assert_eq!(rig.ready(C1), [Output::StartJob { child: C1, job: J2 }]);
}

#[test]
fn unknown_names_are_counted_and_change_nothing() {
    let mut rig = Rig::warmed(2, 1);
    let before = rig.pool.stats().children;
    let child = ChildId(99);
    let zygote = ZygoteId(99);
    let breach = Breach::Protocol;
    let cause = SIGSEGV;
    for input in [
        Input::ZygoteReady { zygote },
        Input::ZygoteGone { zygote },
        Input::ChildSpawned { child },
        Input::ChildReady { child },
        Input::HostCallStarted { child },
        Input::HostCallEnded { child },
        Input::ChildDone { child },
        Input::ChildBroke { child, breach },
        Input::ChildGone { child, cause },
        Input::LeaseLost { job: J2 },
        Input::Cancel { job: J2 },
        // Known, but not for this.
        Input::ZygoteReady { zygote: Z1 },
        Input::ChildSpawned { child: C1 },
        Input::ChildReady { child: C1 },
        Input::HostCallStarted { child: C1 },
        Input::HostCallEnded { child: C1 },
        Input::ChildDone { child: C1 },
    ] {
        assert_eq!(rig.input(input), [], "{input:?}");
    }
    assert_eq!(rig.late(), 17);
    assert_eq!(rig.pool.stats().children, before);
}

#[test]
fn the_same_key_leased_twice_runs_once() {
    let mut rig = Rig::warmed(2, 2);
    rig.lease(J1);
    assert_eq!(rig.lease(J1), []);
    assert_eq!((rig.late(), rig.pool.stats().jobs_started), (1, 1));
}
