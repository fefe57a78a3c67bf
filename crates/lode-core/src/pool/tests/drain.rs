//! Drain: no new jobs, a limit for the running ones, `Drained` once.

use super::*;
use crate::Verdict;

const DRAIN: Input = Input::Drain { limit_us: 500 * MS };

fn kill(child: ChildId) -> Output {
    Output::KillChild { child }
}

#[test]
fn a_drain_kills_what_has_no_job_and_lets_the_rest_finish() {
    let mut rig = Rig::warmed(4, 2);
    rig.lease(J1);
    assert_eq!(rig.input(DRAIN), [kill(C2), kill(C3)]);
    assert!(rig.pool.is_draining());
    assert_eq!(rig.pool.wants_jobs(), 0);
    rig.gone(C2, SIGKILL);
    rig.gone(C3, SIGKILL);
    let verdict = Verdict::Reported { child: C1 };
    assert_eq!(rig.done(C1), [Output::Settle { job: J1, verdict }]);
    assert_eq!(
        rig.gone(C1, SIGKILL),
        [Output::StopZygote { zygote: Z1 }, Output::Drained]
    );
    assert_eq!(
        rig.input(Input::ZygoteGone { zygote: Z1 }),
        [],
        "and only once"
    );
    assert_eq!(rig.pool.poll_timeout(), None);
}

#[test]
fn a_job_that_comes_during_a_drain_is_released_at_once() {
    let mut rig = Rig::warmed(2, 1);
    rig.input(DRAIN);
    assert_eq!(rig.lease(J1), [Output::Release { job: J1 }]);
}

#[test]
fn held_jobs_are_released_in_their_order() {
    let mut rig = Rig::new(2, 1);
    rig.lease(J2);
    rig.lease(J1);
    assert_eq!(
        rig.input(DRAIN),
        [
            Output::Release { job: J2 },
            Output::Release { job: J1 },
            Output::StopZygote { zygote: Z1 },
            Output::Drained,
        ]
    );
    assert_eq!(
        rig.input(Input::ZygoteReady { zygote: Z1 }),
        [],
        "it came too late"
    );
}

#[test]
fn at_the_drain_limit_running_jobs_are_ended() {
    let mut rig = Rig::warmed(2, 2);
    rig.lease(J1);
    rig.lease_as(J2, true);
    rig.input(DRAIN);
    assert_eq!(rig.wait(500 * MS - 1), []);
    let verdict = Verdict::DrainLimit;
    let cause = SIGKILL;
    assert_eq!(
        rig.wait(1),
        [
            kill(C1),
            Output::Settle { job: J1, verdict },
            kill(C2),
            Output::Retry { job: J2, cause },
        ]
    );
    assert_eq!(rig.done(C1), []);
    rig.gone(C1, SIGKILL);
    assert!(rig.gone(C2, SIGKILL).contains(&Output::Drained));
}

#[test]
fn a_hard_deadline_that_falls_on_the_drain_limit_is_a_timeout() {
    let mut rig = Rig::warmed(1, 1);
    rig.lease(J1);
    rig.input(Input::Drain {
        limit_us: WALL_US + 500 * MS,
    });
    let verdict = Verdict::TimedOut;
    assert_eq!(
        rig.wait(WALL_US + 500 * MS)[1],
        Output::Settle { job: J1, verdict }
    );
}

#[test]
fn a_second_drain_can_only_shorten_the_first() {
    let mut rig = Rig::warmed(1, 1);
    rig.lease(J1);
    rig.input(DRAIN);
    let limit = rig.now.plus_us(500 * MS);
    rig.input(Input::Drain { limit_us: u64::MAX });
    assert_eq!(rig.pool.poll_timeout(), Some(limit));
    rig.input(Input::Drain { limit_us: 0 });
    assert_eq!(rig.wait(0)[0], kill(C1));
}

#[test]
fn a_zygote_that_dies_during_a_drain_is_not_replaced() {
    let mut rig = Rig::warmed(1, 1);
    rig.lease(J1);
    rig.input(DRAIN);
    assert_eq!(rig.input(Input::ZygoteGone { zygote: Z1 }), []);
    let outputs = rig.gone(C1, ExitCause::ZygoteLost);
    assert_eq!(outputs.last(), Some(&Output::Drained));
}

#[test]
fn a_drain_does_not_wait_for_zygotes_to_end() {
    let mut rig = Rig::new(1, 1);
    rig.input(Input::ZygoteReady { zygote: Z1 });
    assert_eq!(rig.input(DRAIN), [kill(C1)]);
    let outputs = rig.input(Input::ZygoteGone { zygote: Z1 });
    assert_eq!(
        outputs,
        [Output::Drained],
        "its unspawned child went with it"
    );
}
