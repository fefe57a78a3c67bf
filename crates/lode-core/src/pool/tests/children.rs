//! Children: the warm reserve, failures to start, kills.

use super::*;

fn spawn(zygote: ZygoteId, child: u64) -> Output {
    let child = ChildId(child);
    Output::SpawnChild { zygote, child }
}

fn kill(child: ChildId) -> Output {
    Output::KillChild { child }
}

#[test]
fn a_ready_zygote_is_asked_for_the_warm_reserve() {
    let mut rig = Rig::new(8, 3);
    let outputs = rig.input(Input::ZygoteReady { zygote: Z1 });
    assert_eq!(outputs, [spawn(Z1, 1), spawn(Z1, 2), spawn(Z1, 3)]);
    assert_eq!(rig.pool.wants_jobs(), 0, "none is ready yet");
}

#[test]
fn there_are_never_more_children_than_allowed() {
    let mut rig = Rig::warmed(3, 2);
    assert_eq!(rig.lease(J1).len(), 2, "one starts, one is asked for");
    assert_eq!(rig.lease(J2).len(), 1, "no room for another");
    rig.done(C1);
    let stats = rig.pool.stats().children;
    assert_eq!(
        (stats.live(), stats.finished),
        (3, 1),
        "a finished child holds its place"
    );
    assert_eq!(rig.gone(C1, SIGKILL).len(), 1);
}

#[test]
fn a_warm_reserve_of_zero_would_never_lease_and_counts_as_one() {
    let rig = Rig::warmed(4, 0);
    assert_eq!(rig.pool.wants_jobs(), 1);
}

#[test]
fn children_that_die_before_a_job_slow_the_next_spawn_down() {
    let mut rig = Rig::warmed(1, 1);
    for (n, wait_ms) in [(1, 50), (2, 100), (3, 200)] {
        let child = ChildId(n);
        rig.ready(child);
        assert_eq!(rig.gone(child, SIGKILL), []);
        assert_eq!(rig.pool.poll_timeout(), Some(rig.now.plus_us(wait_ms * MS)));
        assert_eq!(rig.wait(wait_ms * MS - 1), []);
        assert_eq!(rig.wait(1), [spawn(Z1, n + 1)]);
    }
    assert_eq!(rig.pool.stats().failed_starts, 3);
}

#[test]
fn a_job_done_ends_the_backoff() {
    let mut rig = Rig::warmed(2, 2);
    rig.lease(J1);
    rig.gone(C2, SIGKILL);
    assert_eq!(rig.pool.stats().children.waiting(), 0);
    assert!(rig.done(C1).contains(&spawn(Z1, 3)));
    rig.ready(C3);
    rig.gone(C3, SIGKILL);
    assert_eq!(
        rig.wait(50 * MS).len(),
        1,
        "the first wait again, not the second"
    );
}

#[test]
fn a_failed_fork_counts_as_a_failed_start() {
    let mut rig = Rig::new(1, 1);
    rig.input(Input::ZygoteReady { zygote: Z1 });
    assert_eq!(rig.gone(C1, SIGKILL), []);
    assert_eq!(rig.wait(50 * MS), [spawn(Z1, 2)]);
}

#[test]
fn a_child_that_is_not_ready_in_time_is_killed() {
    let mut rig = Rig::new(2, 2);
    rig.input(Input::ZygoteReady { zygote: Z1 });
    rig.spawned(C1);
    assert_eq!(rig.wait(10_000 * MS - 1), []);
    assert_eq!(rig.wait(1), [kill(C1), kill(C2)]);
    assert_eq!(rig.input(Input::ChildReady { child: C1 }), []);
    assert_eq!(
        rig.spawned(C2),
        [kill(C2)],
        "the first kill found no process"
    );
    assert_eq!(rig.pool.stats().kills, 2);
    assert_eq!(rig.gone(C1, SIGKILL), [], "the backoff is on");
    assert_eq!(rig.gone(C2, SIGKILL), []);
    assert_eq!(rig.wait(50 * MS).len(), 2);
}

#[test]
fn a_child_that_breaks_the_protocol_before_its_job_is_a_failed_start() {
    let mut rig = Rig::warmed(1, 1);
    assert_eq!(rig.broke(C1, Breach::Protocol), [kill(C1)]);
    assert_eq!(rig.gone(C1, SIGKILL), []);
    assert_eq!(rig.wait(50 * MS), [spawn(Z1, 2)]);
}

#[test]
fn a_killed_child_that_stays_takes_its_stuck_zygote_with_it() {
    let mut rig = Rig::warmed(2, 1);
    rig.lease(J1);
    rig.ready(C2);
    assert_eq!(rig.input(Input::LeaseLost { job: J1 }), [kill(C1)]);
    assert_eq!(
        rig.wait(10_000 * MS),
        [
            Output::KillZygote { zygote: Z1 },
            kill(C2),
            Output::StartZygote { zygote: Z2 },
        ]
    );
    rig.input(Input::ZygoteGone { zygote: Z1 });
    assert_eq!(rig.wait(10_000 * MS)[0], Output::KillZygote { zygote: Z2 });
}
