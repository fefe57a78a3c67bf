//! The wall clock of a run: it stands still while the master carries out host calls, up to a cap.

use super::*;
use crate::Verdict;

const LIMIT_US: u64 = WALL_US + HARD_GRACE_US;

fn started(rig: &mut Rig) -> Vec<Output> {
    rig.input(Input::HostCallStarted { child: C1 })
}

fn ended(rig: &mut Rig) -> Vec<Output> {
    rig.input(Input::HostCallEnded { child: C1 })
}

/// With a job on its only child.
fn running() -> Rig {
    let mut rig = Rig::warmed(1, 1);
    rig.lease(J1);
    rig
}

#[track_caller]
fn times_out_after(rig: &mut Rig, us: u64) {
    assert_eq!(rig.wait(us - 1), []);
    let verdict = Verdict::TimedOut;
    let end = Output::Settle { job: J1, verdict };
    assert_eq!(rig.wait(1), [Output::KillChild { child: C1 }, end]);
}

#[test]
fn time_in_host_calls_is_not_the_hooks() {
    let mut rig = running();
    for _ in 0..3 {
        rig.wait(100 * MS);
        started(&mut rig);
        rig.wait(200 * MS);
        ended(&mut rig);
    }
    times_out_after(&mut rig, LIMIT_US - 300 * MS);
}

#[test]
fn a_host_call_that_does_not_end_is_free_up_to_the_cap() {
    let mut rig = running();
    started(&mut rig);
    times_out_after(&mut rig, LIMIT_US + HOST_WAIT_US);
}

#[test]
fn the_cap_is_for_all_host_calls_of_the_job_together() {
    let mut rig = running();
    started(&mut rig);
    rig.wait(HOST_WAIT_US - 10);
    ended(&mut rig);
    started(&mut rig);
    rig.wait(50);
    ended(&mut rig);
    started(&mut rig);
    times_out_after(&mut rig, LIMIT_US - 40);
}

#[test]
fn a_job_without_a_cap_for_host_calls_pays_for_them_all() {
    let mut rig = Rig::warmed(1, 1);
    rig.input(Input::JobLeased {
        job: J1,
        app: AppKey(1),
        hook: HookKey(1),
        wall_limit_us: WALL_US,
        host_wait_limit_us: 0,
        idempotent: false,
    });
    started(&mut rig);
    times_out_after(&mut rig, LIMIT_US);
}

#[test]
fn a_start_or_an_end_said_twice_is_dropped_and_changes_nothing() {
    let mut rig = running();
    assert_eq!(ended(&mut rig), []);
    started(&mut rig);
    rig.wait(100 * MS);
    started(&mut rig);
    rig.wait(100 * MS);
    ended(&mut rig);
    ended(&mut rig);
    assert_eq!(rig.late(), 3);
    times_out_after(&mut rig, LIMIT_US);
}

#[test]
fn the_end_of_host_calls_comes_too_late_at_the_deadline() {
    let mut rig = running();
    started(&mut rig);
    rig.now = rig.now.plus_us(LIMIT_US + HOST_WAIT_US);
    assert_eq!(ended(&mut rig).len(), 2, "killed and settled");
    assert_eq!(rig.late(), 1);
}

#[test]
fn after_the_report_its_own_limit_holds_whatever_is_carried_out() {
    const FINISH_US: u64 = 10 * LIMIT_US;
    let reported = Input::ChildReported {
        child: C1,
        finish_limit_us: FINISH_US,
    };
    // Reported with and without host calls under way; their ends and starts then are no news.
    for is_under_way in [false, true] {
        let mut rig = running();
        rig.wait(WALL_US);
        if is_under_way {
            started(&mut rig);
        }
        rig.wait(10 * MS);
        rig.input(reported);
        rig.wait(1);
        started(&mut rig);
        rig.wait(1);
        ended(&mut rig);
        ended(&mut rig);
        assert_eq!(rig.late(), 0);
        rig.input(reported);
        assert_eq!(rig.late(), 1, "a second report gains no time");
        times_out_after(&mut rig, FINISH_US - 2);
    }
}

#[test]
fn a_report_within_the_wall_limit_may_shorten_what_is_left() {
    let mut rig = running();
    started(&mut rig);
    let finish_limit_us = 5 * MS;
    rig.input(Input::ChildReported {
        child: C1,
        finish_limit_us,
    });
    assert_eq!(rig.wait(5 * MS - 1), []);
    let verdict = Verdict::Reported { child: C1 };
    assert_eq!(rig.done(C1), [Output::Settle { job: J1, verdict }]);
    assert_eq!(ended(&mut rig), []);
    assert_eq!(rig.late(), 1);
}
