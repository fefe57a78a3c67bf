//! The filters' programs, run as the kernel runs them, against the lists that they come from.

use super::bpf::run;
use super::rules::{CHILD, LAUNCHER, On, SERVING, Verb};
use super::*;

const MACHINES: [Machine; 2] = [Machine::X86_64, Machine::Aarch64];
const ALLOW: u32 = 0x7fff_0000;
const NOTIFY: u32 = 0x7fc0_0000;
const KILL: u32 = 0x8000_0000;
const TRAP: u32 = 0x0003_0000;

fn number(machine: Machine, call: &str) -> u32 {
    let rule = SERVING.iter().chain(CHILD).chain(LAUNCHER);
    let rule = rule.into_iter().find(|rule| rule.call == call).unwrap();
    machine.number(rule).unwrap()
}

#[test]
fn every_call_on_a_list_exists_on_its_processor() {
    for machine in MACHINES {
        for rule in SERVING.iter().chain(CHILD).chain(LAUNCHER) {
            let expected = match rule.on {
                On::All => true,
                On::X86 => machine == Machine::X86_64,
                On::Arm => machine == Machine::Aarch64,
            };
            assert_eq!(
                machine.number(rule).is_some(),
                expected,
                "{} on {machine:?}",
                rule.call
            );
        }
    }
}

#[test]
fn a_number_without_a_rule_is_told_to_the_master_or_killed() {
    for machine in MACHINES {
        let (serving, launcher) = (machine.serving().code, machine.launcher().code);
        let listed = |list: &[Rule], n: u32| list.iter().any(|r| machine.number(r) == Some(n));
        let numbers = (0..2_000).chain([u32::MAX, 0x4000_0000, 0x4000_0000 | 1]);
        for n in numbers {
            if !listed(SERVING, n) {
                let is = run(&serving, machine.arch(), n, [0; 6]);
                assert_eq!(is, NOTIFY, "{n} on {machine:?}");
            }
            if !listed(LAUNCHER, n) {
                let is = run(&launcher, machine.arch(), n, [0; 6]);
                assert_eq!(is, KILL, "{n} on {machine:?}");
            }
        }
    }
}

#[test]
fn a_rule_without_tests_does_what_it_says() {
    for machine in MACHINES {
        for rule in SERVING {
            let Some(n) = machine.number(rule) else {
                continue;
            };
            let is = run(&machine.serving().code, machine.arch(), n, [7; 6]);
            match rule.verb {
                Verb::Allow([]) => assert_eq!(is, ALLOW, "{}", rule.call),
                Verb::Refuse(errno) => {
                    assert_eq!(is, 0x0005_0000 | errno.unsigned_abs(), "{}", rule.call);
                }
                Verb::Allow(_) | Verb::Trap => {}
            }
        }
    }
}

#[test]
fn a_child_is_told_which_call_was_trapped() {
    let machine = Machine::X86_64;
    let code = machine.child().for_process(77);
    for (index, rule) in CHILD.iter().enumerate() {
        if rule.verb == Verb::Trap {
            let n = machine.number(rule).unwrap();
            let is = run(&code, machine.arch(), n, [0; 6]);
            assert_eq!(is, TRAP | u32::try_from(index).unwrap(), "{}", rule.call);
            let exit = TRAPPED_EXIT + i32::try_from(index).unwrap();
            assert_eq!(trapped_call(exit), Some(rule.call));
        }
    }
    assert_eq!(trapped_call(99), None);
    assert_eq!(trapped_call(255), None);
}

#[test]
fn another_architectures_numbers_are_killed() {
    for machine in MACHINES {
        for program in [machine.serving(), machine.launcher(), machine.child()] {
            // i386, whose number 20 is getpid and 59 something else entirely.
            assert_eq!(run(&program.code, 0x4000_0003, 20, [0; 6]), KILL);
        }
    }
}

/// Machine-independent: call, arguments, whether the serving filter lets it pass.
const SERVING_TESTS: &[(&str, [u64; 6], bool)] = &[
    ("mmap", [0, 4096, 3, 0x22, u64::MAX, 0], true),
    ("mmap", [0, 4096, 7, 0x4022, u64::MAX, 0], true),
    ("mmap", [0, 4096, 3, 0x21, u64::MAX, 0], false), // shared
    ("mmap", [0, 4096, 3, 0x02, 3, 0], false),        // a file
    ("mmap", [0, 4096, 3, 0x122, u64::MAX, 0], false), // grows down
    ("mmap", [0, 4096, 3, 0x4_0022, u64::MAX, 0], false), // huge pages
    ("mmap", [0, 4096, 0x0100_0003, 0x22, u64::MAX, 0], false),
    ("mprotect", [0, 4096, 5, 0, 0, 0], true),
    ("mprotect", [0, 4096, 0x0200_0001, 0, 0, 0], false),
    ("mremap", [0, 0, 0, 1, 0, 0], true),
    ("mremap", [0, 0, 0, 3, 0, 0], false), // a given place
    ("mremap", [0, 0, 0, 5, 0, 0], false), // a second mapping
    ("futex", [0, 128, 0, 0, 0, 0], true),
    ("futex", [0, 0, 0, 0, 0, 0], false), // found by its file
    ("sched_getscheduler", [0, 0, 0, 0, 0, 0], true),
    ("sched_getscheduler", [5, 0, 0, 0, 0, 0], false), // a sibling
    ("futex", [0, 129, 0, 0, 0, 0], true),
    ("futex", [0, 137, 0, 0, 0, 0], true),
    ("futex", [0, 0x189, 0, 0, 0, 0], true),
    ("futex", [0, 128 | 3, 0, 0, 0, 0], false),  // requeue
    ("futex", [0, 128 | 11, 0, 0, 0, 0], false), // requeue with priority inheritance
    ("madvise", [0, 4096, 4, 0, 0, 0], true),
    ("madvise", [0, 4096, 100, 0, 0, 0], false), // poisoned memory
    ("madvise", [0, 4096, 9, 0, 0, 0], false),   // a hole in shared memory
    ("prctl", [1, 9, 0, 0, 0, 0], true),
    ("prctl", [22, 1, 0, 0, 0, 0], false), // a filter of its own
    ("prctl", [4, 1, 0, 0, 0, 0], false),  // dumpable
    ("rt_sigaction", [6, 0, 0, 8, 0, 0], true),
    ("rt_sigaction", [31, 0, 0, 8, 0, 0], false),
    ("prlimit64", [0, 9, 0, 0, 0, 0], true),
    ("prlimit64", [1, 9, 0, 0, 0, 0], false), // the zygote's
    ("clone", [0x0120_0011, 0, 0, 0, 0, 0], true),
    ("clone", [0x003d_0f00, 0, 0, 0, 0, 0], true),
    ("clone", [0x1000_0011, 0, 0, 0, 0, 0], false), // a user namespace
    ("clock_gettime", [3, 0, 0, 0, 0, 0], true),    // this thread's CPU clock
    ("clock_gettime", [!1 << 3 | 2, 0, 0, 0, 0, 0], false), // process 1's
    ("clock_nanosleep", [1, 0, 0, 0, 0, 0], true),
    ("clock_nanosleep", [!1 << 3 | 2, 0, 0, 0, 0, 0], false),
    ("fcntl", [3, 1, 0, 0, 0, 0], true),
    ("fcntl", [3, 0, 0, 0, 0, 0], false), // another descriptor
    ("seccomp", [1, 1, 0, 0, 0, 0], true),
    ("seccomp", [2, 0, 0, 0, 0, 0], false),
];

#[test]
fn arguments_are_looked_at_where_they_matter() {
    for machine in MACHINES {
        let code = machine.serving().code;
        for (call, args, passes) in SERVING_TESTS {
            let is = run(&code, machine.arch(), number(machine, call), *args);
            let expected = if *passes { ALLOW } else { NOTIFY };
            assert_eq!(is, expected, "{call} {args:x?} on {machine:?}");
        }
    }
}

/// Call, arguments, whether the filter of the child 77 lets it pass.
const CHILD_TESTS: &[(&str, [u64; 6], bool)] = &[
    ("read", [3, 0, 0, 0, 0, 0], true),
    ("read", [4, 0, 0, 0, 0, 0], false),
    ("tgkill", [77, 78, 6, 0, 0, 0], true),
    ("tgkill", [76, 76, 6, 0, 0, 0], false), // a sibling
    ("tgkill", [77, 78, 9, 0, 0, 0], false),
    ("prlimit64", [0, 0, 0, 0, 0, 0], true),
    ("prlimit64", [0, 2, 0, 0, 0, 0], true),
    ("prlimit64", [0, 7, 0, 0, 0, 0], false), // descriptors
    ("prctl", [0x5356_4d41, 0, 0, 0, 0, 0], true),
    ("prctl", [1, 0, 0, 0, 0, 0], false),
];

#[test]
fn a_child_may_do_less_than_its_zygote() {
    for machine in MACHINES {
        let code = machine.child().for_process(77);
        for (call, args, passes) in CHILD_TESTS {
            let is = run(&code, machine.arch(), number(machine, call), *args);
            assert_eq!(is == ALLOW, *passes, "{call} {args:x?} on {machine:?}");
        }
    }
}

#[test]
fn calls_are_named_with_their_numbers() {
    if Machine::own().unwrap() == Machine::X86_64 {
        assert_eq!(call_name(321), "bpf (321)");
    }
    assert_eq!(call_name(9_999), "unknown (9999)");
}
