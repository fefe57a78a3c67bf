//! Two children of one zygote: what the one can do to the other, and what both have.

use std::io::{IoSlice, pipe};
use std::os::fd::{AsFd, AsRawFd};

use lode_jail::Layer;
use lode_proto::frame::{Kind, encode};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};

use crate::attack::place::{ALL_SIGNALS, IOVEC, UNLIMITED, ZEROS};
use crate::attack::{Arg, Attack, Survived, step, steps};
use crate::dangerous::{Attempts, add};
use crate::master::Jail;

const INTACT: Option<Survived> = Some(Survived {
    inherited_intact: true,
});

pub(crate) fn a_child_cannot_reach_its_sibling_or_its_zygote() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    // Without it, process 1 would be the host's.
    if !jail.has(Layer::PidNamespace) {
        return;
    }
    let sibling = jail.spawn();
    let mut list = Attempts::default();
    for process in [1, jail.child(sibling).pid_inside()] {
        for signal in [0, 9, 15, 19] {
            add!(list:
                "kill"(process, signal);
                "tkill"(process, signal);
                "tgkill"(process, process, signal);
                "rt_sigqueueinfo"(process, signal, ZEROS);
                "rt_tgsigqueueinfo"(process, process, signal, ZEROS);
            );
        }
        add!(list:
            "tgkill"(process, process, 6);
            "pidfd_open"(process, 0);
            "ptrace"(16, process, 0, 0);
            "ptrace"(0x4206, process, 0, 0);
            "process_vm_readv"(process, IOVEC, 1, IOVEC, 1, 0);
            "process_vm_writev"(process, IOVEC, 1, IOVEC, 1, 0);
            "kcmp"(process, Arg::OwnProcess, 0, 0, 0);
            "prlimit64"(process, 0, ZEROS, 0);
            "prlimit64"(process, 2, UNLIMITED, 0);
            "sched_setaffinity"(process, 8, ALL_SIGNALS);
            "sched_setscheduler"(process, 5, ZEROS);
            "setpriority"(0, process, 19);
        );
    }
    add!(list: "kill"(-1, 9); "kill"(0, 9););
    let fates = jail.attack_all(list.0.iter().map(|attempt| &attempt.attack));
    for (attempt, fate) in list.0.iter().zip(&fates) {
        attempt
            .check(fate)
            .expect("it neither failed nor ended the child");
    }
    jail.run(sibling, &steps([step!("gettid")]));
    let fate = jail.end(sibling);
    assert_eq!(
        (fate.survived, fate.status),
        (INTACT, Some(0)),
        "the sibling has suffered"
    );
}

pub(crate) fn what_a_child_writes_no_sibling_sees() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    let elder = jail.spawn();
    let fate = jail.attack(&steps([step!("getrandom", Arg::Inherited, 64, 0)]));
    let changed = fate.survived.map(|survived| survived.inherited_intact);
    assert_eq!(
        (fate.results, changed),
        (vec![64], Some(false)),
        "the attacker cannot write"
    );
    jail.run(elder, &steps([]));
    assert_eq!(jail.end(elder).survived, INTACT, "an elder sibling sees it");
    assert_eq!(
        jail.attack(&steps([])).survived,
        INTACT,
        "a younger sibling sees it"
    );

    let child = jail.spawn();
    match std::fs::read_to_string(format!("/proc/{}/maps", jail.child(child).pid)) {
        Ok(maps) => {
            let kinds = maps.lines().filter_map(|line| line.split(' ').nth(1));
            let shared = kinds.filter(|kind| kind.ends_with('s')).count();
            assert!(
                shared == 0 && maps.contains("[stack]"),
                "shared memory:\n{maps}"
            );
        }
        Err(error) => eprintln!("a check is skipped, only root may see it: maps, {error}"),
    }
}

pub(crate) fn a_child_has_one_descriptor_for_ever() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    let mut list = Attempts::default();
    add!(list:
        "dup"(3); "dup2"(3, 0); "dup3"(3, 0, 0); "fcntl"(3, 0, 0); "fcntl"(3, 1030, 0);
        "openat"(-100, ZEROS, 0); "socket"(1, 1, 0); "socketpair"(1, 1, 0, ZEROS);
        "eventfd2"(0, 0); "memfd_create"(ZEROS, 0); "pipe2"(ZEROS, 0); "epoll_create1"(0);
        "timerfd_create"(1, 0); "signalfd4"(-1, ALL_SIGNALS, 8, 0); "inotify_init1"(0);
        "recvmsg"(3, ZEROS, 0x40); "pidfd_open"(Arg::OwnProcess, 0); "userfaultfd"(1);
        "landlock_create_ruleset"(ZEROS, 8, 0); "seccomp"(1, 8, ZEROS);
    );
    let fates = jail.attack_all(list.0.iter().map(|attempt| &attempt.attack));
    for (attempt, fate) in list.0.iter().zip(&fates) {
        attempt
            .check(fate)
            .expect("it neither failed nor ended the child");
    }
    // Should the master ever send one along, the child's plain read drops it.
    let (reader, writer) = pipe().expect("a pipe");
    let child = jail.spawn();
    let attack = Attack {
        hold: true,
        ..steps((0..32).map(|fd| step!("fcntl", fd, 1)))
    };
    let mut bytes = Vec::new();
    encode(Kind::Run, &attack, &mut bytes).expect("it fits a frame");
    let rights = [writer.as_raw_fd()];
    let sent = sendmsg::<()>(
        jail.socket(child).as_raw_fd(),
        &[IoSlice::new(&bytes)],
        &[ControlMessage::ScmRights(&rights)],
        MsgFlags::empty(),
        None,
    );
    assert_eq!(sent, Ok(bytes.len()));
    drop(writer);
    jail.wait("a look at 32 descriptors", |jail| {
        jail.fate(child).results.len() == 32
    });
    let open = |(_, result): &(usize, &i64)| **result >= 0;
    let results = jail.fate(child).results.iter().enumerate();
    let open: Vec<usize> = results.filter(open).map(|(fd, _)| fd).collect();
    assert_eq!(open, [3], "open descriptors of a child");
    let mut fds = [PollFd::new(reader.as_fd(), PollFlags::POLLIN)];
    assert_eq!(
        poll(&mut fds, PollTimeout::ZERO),
        Ok(1),
        "the child has kept the pipe"
    );
    jail.release(child);
    assert_eq!(jail.end(child).survived, INTACT);
}

pub(crate) fn the_kernels_limits_hold_without_the_filter() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    let child = jail.spawn();
    let read = |file| {
        let path = format!("/proc/{}/{file}", jail.child(child).pid);
        std::fs::read_to_string(path).expect("the child lives")
    };
    let (limits, status) = (read("limits"), read("status"));
    let words = |line: &str| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let lines: Vec<Vec<String>> = limits.lines().chain(status.lines()).map(words).collect();
    let check = |layer, wanted: &[&str]| {
        for line in wanted
            .iter()
            .filter(|_| jail.has(layer))
            .map(|line| words(line))
        {
            let found = lines.iter().any(|have| have.starts_with(&line));
            assert!(found, "{line:?} is not in\n{limits}{status}");
        }
    };
    check(
        Layer::ResourceLimits,
        &[
            "Max processes 0 0",
            "Max open files 4 4",
            "Max core file size 0 0",
            "Max file size 0 0",
            "Max locked memory 0 0",
            "Max pending signals 0 0",
            "Max msgqueue size 0 0",
            "Max stack size 4194304 4194304",
        ],
    );
    check(Layer::NoNewPrivs, &["NoNewPrivs: 1"]);
    check(Layer::Seccomp, &["Seccomp: 2", "Seccomp_filters: 2"]);
    check(
        Layer::NoCapabilities,
        &[
            "CapInh: 0000000000000000",
            "CapPrm: 0000000000000000",
            "CapEff: 0000000000000000",
            "CapAmb: 0000000000000000",
        ],
    );
    check(Layer::Securebits, &["CapBnd: 0000000000000000"]);
    check(Layer::UnprivilegedUser, &["Groups:"]);
    let root = lines.iter().any(|line| line.starts_with(&words("Uid: 0")));
    assert!(!root, "a child is root");
}
