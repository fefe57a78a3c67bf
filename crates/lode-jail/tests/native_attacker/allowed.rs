//! The calls that a child may make, with arguments that no child of ours ever makes them with.

use crate::attack::place::{NANOSECOND, UNLIMITED, ZEROS};
use crate::attack::{Arg, Attack, Step, step, steps};
use crate::dangerous::{Attempt, Attempts, add};
use crate::master::{Fate, Jail};

const MIB: u64 = 1 << 20;
const PAGES: u64 = 0x4000;

/// `MAP_PRIVATE | MAP_ANONYMOUS`.
const PRIVATE: u64 = 0x22;
/// `MAP_TYPE`, `MAP_GROWSDOWN`, `MAP_HUGETLB`: bits of a mapping that may not be set.
const NOT_OURS: u64 = 0x0f | 0x100 | 0x4_0000;

/// Harmless is: an error, or an effect on nothing but the child itself that the child could have
/// by plain instructions, too.
pub(crate) fn allowed_calls_with_odd_arguments_do_no_harm() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    let mut broken = Vec::new();
    let mut expect = |name: &str, right: bool, fate: &Fate| {
        if !right {
            broken.push(format!("{name}: {fate:?}"));
        }
    };
    // Private, by the wall clock, both; and a bit that the kernel does not look at.
    let flags = [0, 0x80, 0x100, 0x180, 0x1_0000_0000];
    for op in (0..16_u64).flat_map(|op| flags.map(|flag| op | flag)) {
        // Waits for a value that is not there; wakes whoever waits on the child's own zeros.
        let step = step!("futex", ZEROS, op, 1, NANOSECOND, ZEROS, -1);
        let fate = jail.attack(&steps([step]));
        let nobody = matches!(fate.results[..], [0] | [-11] | [-38]) && fate.status == Some(0);
        // One that is not private is found by the file behind its page, which others have, too.
        let waits_or_wakes = matches!(op & 0xf, 0 | 1 | 9) && op & 0x80 != 0;
        let right = if waits_or_wakes {
            nobody
        } else {
            stopped(&fate, "futex")
        };
        expect(&format!("futex {op:#x}"), right, &fate);
    }
    for resource in (0..16).chain([0x1_0000_0007_u64]) {
        let step = step!("prlimit64", 0, resource, UNLIMITED, 0);
        let fate = jail.attack(&limited(64 * MIB, [step]));
        let refused = fate.results == [-1];
        let own = matches!(resource, 0 | 2);
        let right = if own {
            refused
        } else {
            stopped(&fate, "prlimit64")
        };
        expect(&format!("no limit {resource}"), right, &fate);
    }
    for signal in 0..=64 {
        // Its own handlers are its own; the one that reports trapped calls stays.
        let fate = jail.attack(&steps([step!("rt_sigaction", signal, ZEROS, 0, 8)]));
        let own = fate.status == Some(0);
        let right = if signal == 31 {
            stopped(&fate, "rt_sigaction")
        } else {
            own
        };
        expect(&format!("action of signal {signal}"), right, &fate);
        // It may end itself by abort(), and send nothing else.
        let step = step!("tgkill", Arg::OwnProcess, Arg::OwnThread, signal);
        let fate = jail.attack(&steps([step]));
        let aborted = fate.signal() == Some(libc::SIGABRT);
        let right = if signal == 6 {
            aborted
        } else {
            stopped(&fate, "tgkill")
        };
        expect(&format!("signal {signal} to itself"), right, &fate);
    }
    for fd in (0..16).filter(|fd| *fd != 3) {
        let fate = jail.attack(&steps([step!("read", fd, ZEROS, 16)]));
        expect(&format!("read of {fd}"), stopped(&fate, "read"), &fate);
    }
    for command in (0..=40).chain(1024..=1040) {
        let fate = jail.attack(&steps([step!("fcntl", 3, command, 0)]));
        // Asking for its flag is allowed, which the socket has or has not: that depends on what
        // number it came under.
        let right = if command == 1 {
            fate.results == [0] || fate.results == [1]
        } else {
            stopped(&fate, "fcntl")
        };
        expect(&format!("fcntl {command}"), right, &fate);
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

pub(crate) fn no_flag_makes_memory_of_another_kind() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    for flag in (0..32).map(|bit| 1_u64 << bit) {
        // Four times what the job may use: whatever is let through has to be counted.
        let map = step!("mmap", 0, 64 * MIB, 3, PRIVATE | flag, -1, 0);
        let fate = jail.attack(&limited(16 * MIB, [map]));
        let counted = matches!(fate.results[..], [result] if result < 0);
        let other_kind = (PRIVATE ^ (PRIVATE | flag)) & NOT_OURS != 0;
        let right = if other_kind {
            stopped(&fate, "mmap")
        } else {
            counted
        };
        assert!(right, "mmap with the flag {flag:#x}: {fate:?}");
    }
    for bit in 0..32 {
        let map = step!("mmap", 0, PAGES, 0, PRIVATE, -1, 0);
        let protect = step!("mprotect", Arg::Result(0), PAGES, 1_u64 << bit);
        let fate = jail.attack(&steps([map, protect]));
        let right = if bit < 3 {
            fate.status == Some(0)
        } else {
            stopped(&fate, "mprotect")
        };
        assert!(right, "mprotect with the bit {bit}: {fate:?}");
    }
    for flags in 0..16 {
        let map = step!("mmap", 0, PAGES, 3, PRIVATE, -1, 0);
        let to = step!(
            "mremap",
            Arg::Result(0),
            PAGES,
            4096,
            flags,
            Arg::Beyond(0, 1 << 30)
        );
        let copy = step!(
            "mremap",
            Arg::Result(0),
            0,
            4096,
            flags,
            Arg::Beyond(0, 1 << 30)
        );
        let fate = jail.attack(&steps([map, copy, to]));
        // Without a length it would map the pages a second time.
        let own = fate.results.get(1).is_some_and(|copy| *copy < 0) && fate.status == Some(0);
        let right = if flags < 2 {
            own
        } else {
            stopped(&fate, "mremap")
        };
        assert!(right, "mremap with flags {flags}: {fate:?}");
    }
}

pub(crate) fn every_clock_of_another_process_is_out_of_reach() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    let sibling = jail.spawn();
    let sibling_pid = i64::from(jail.child(sibling).pid_inside());
    let mut list = Attempts::default();
    for process in [1, sibling_pid] {
        // The kernel's number for a clock of another process or thread; bit 2 is for threads.
        for kind in [0, 1, 2, 4, 6] {
            let clock = ((!process << 3) | kind).cast_unsigned();
            add!(list:
                "clock_gettime"(clock, ZEROS);
                "clock_nanosleep"(clock, 1, NANOSECOND, 0);
            );
        }
    }
    let fates = jail.attack_all(list.0.iter().map(|attempt| &attempt.attack));
    for (Attempt { name, attack }, fate) in list.0.iter().zip(&fates) {
        assert!(stopped(fate, name), "{:?}: {fate:?}", attack.steps);
    }
    let own = (0..4).map(|clock| step!("clock_gettime", clock, ZEROS));
    assert_eq!(
        jail.attack(&steps(own)).results,
        [0; 4],
        "the child's own clocks"
    );
}

pub(crate) fn advice_is_about_the_childs_own_pages() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    for advice in 0..=105 {
        let map = step!("mmap", 0, PAGES, 3, PRIVATE, -1, 0);
        let write = step!("getrandom", Arg::Result(0), 16, 0);
        let advise = step!("madvise", Arg::Result(0), PAGES, advice);
        let fate = jail.attack(&steps([map, write, advise]));
        // Taking pages back, what forks and core files get of them, and their size. Everything
        // else, from merging with equal pages of others to poisoning the machine's, is stopped.
        let own = matches!(advice, 4 | 8 | 10 | 11 | 14..=17);
        let right = if own {
            fate.status == Some(0)
        } else {
            stopped(&fate, "madvise")
        };
        assert!(right, "advice {advice}: {fate:?}");
    }
}

fn stopped(fate: &Fate, name: &str) -> bool {
    fate.stopped_at().as_deref() == Some(name)
}

/// Steps under a limit of `bytes` of memory and ten seconds of processor time.
fn limited(bytes: u64, all: impl IntoIterator<Item = Step>) -> Attack {
    Attack {
        limits: Some((bytes, 10_000)),
        ..steps(all)
    }
}
