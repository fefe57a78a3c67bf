//! Attacks on the jail's own means: its handler, its filter, its patience.

use crate::attack::place::{ALL_SIGNALS, NO_STACK, ZEROS};
use crate::attack::{Arg, Step, Survived, call, step, steps};
use crate::master::Jail;

const EINTR: i64 = -4;
const INTACT: Option<Survived> = Some(Survived {
    inherited_intact: true,
});

pub(crate) fn the_trap_cannot_be_disarmed() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    let trapped = || step!("wait4", -1, 0, 0, 0);
    let fate = jail.attack(&steps([trapped()]));
    assert_eq!(
        fate.stopped_at().as_deref(),
        Some("wait4"),
        "untouched: {fate:?}"
    );
    // Its handler can be neither replaced nor looked up.
    for new in [ZEROS, Arg::Is(0)] {
        let fate = jail.attack(&steps([step!("rt_sigaction", 31, new, ZEROS, 8)]));
        assert_eq!(
            fate.stopped_at().as_deref(),
            Some("rt_sigaction"),
            "{fate:?}"
        );
    }
    // Blocked, the kernel delivers it by force.
    let block = || step!("rt_sigprocmask", 0, ALL_SIGNALS, 0, 8);
    let fate = jail.attack(&steps([block(), trapped()]));
    assert_eq!(
        (fate.results.as_slice(), fate.signal()),
        (&[0][..], Some(libc::SIGSYS))
    );
    let fate = jail.attack(&steps([block(), step!("unshare", 0x1000_0000)]));
    assert_eq!(
        fate.stopped_at().as_deref(),
        Some("unshare"),
        "blocked: {fate:?}"
    );
    // With nothing to put the handler's frame on, it cannot start.
    let no_stack = step!("sigaltstack", NO_STACK, 0);
    let fate = jail.attack(&steps([no_stack, trapped()]));
    assert_eq!(
        (fate.results.as_slice(), fate.signal()),
        (&[0][..], Some(libc::SIGSEGV))
    );
    // A frame of the attacker's own is taken back at its word, and changes nothing of this.
    let fate = jail.attack(&steps([step!("rt_sigreturn")]));
    assert!(fate.survived.is_none(), "{fate:?}");
}

pub(crate) fn a_forbidden_call_waits_until_its_child_is_killed() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    let child = jail.spawn();
    jail.leave_waiting(child);
    jail.run(child, &steps([step!("getppid"), step!("gettid")]));
    jail.wait("the forbidden call", |jail| {
        jail.fate(child).heard.is_some()
    });
    // Others live whole lives meanwhile.
    for _ in 0..32 {
        assert_eq!(jail.attack(&steps([step!("gettid")])).survived, INTACT);
    }
    let fate = jail.fate(child);
    assert_eq!(
        (fate.results.len(), fate.status),
        (0, None),
        "it has gone on: {fate:?}"
    );
    let stat = format!("/proc/{}/stat", jail.child(child).pid);
    let stat = std::fs::read_to_string(stat).expect("it lives");
    let state = stat
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.chars().next());
    assert_eq!(state, Some('S'), "it does not wait: {stat}");
    jail.handle(child).kill().expect("it can be killed");
    let fate = jail.end(child);
    assert_eq!(
        (fate.results.len(), fate.signal()),
        (0, Some(libc::SIGKILL)),
        "{fate:?}"
    );
}

pub(crate) fn a_forbidden_call_that_a_signal_interrupts_is_not_made() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    let child = jail.spawn();
    jail.leave_waiting(child);
    // The child's other thread signals this one until the wait is broken off.
    let calls = [
        Some(step!("getppid")),
        call("getuid", &[]),
        call("fork", &[]),
    ];
    let calls: Vec<Step> = calls.into_iter().flatten().collect();
    let broken_off = vec![EINTR; calls.len()];
    jail.run(
        child,
        &steps([Step::SurviveAbort, Step::Nag].into_iter().chain(calls)),
    );
    let fate = jail.end(child);
    assert_eq!(fate.results[..2], [0, 0], "{fate:?}");
    assert_eq!(fate.results[2..], broken_off, "a call was made: {fate:?}");
}

pub(crate) fn the_zygote_forks_working_children_after_every_way_to_die() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    // Forbidden, trapped, crashed, aborted, ended by itself, without its socket.
    let ways = [
        step!("setns", 3, 0),
        step!("recvmsg", 3, ZEROS, 0),
        step!("rt_sigreturn"),
        step!("tgkill", Arg::OwnProcess, Arg::OwnThread, 6),
        step!("exit_group", 7),
        step!("close", 3),
    ];
    let waiting = jail.spawn();
    for way in ways {
        let fate = jail.attack(&steps([way]));
        assert!(fate.survived.is_none(), "{fate:?}");
        assert_eq!(jail.attack(&steps([step!("gettid")])).survived, INTACT);
    }
    // One that has waited all the time works, too.
    jail.run(waiting, &steps([step!("gettid")]));
    assert_eq!(jail.end(waiting).survived, INTACT);
}
