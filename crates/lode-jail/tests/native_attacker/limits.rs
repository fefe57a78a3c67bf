//! What an attacker can use up: memory of every kind, stack, processor time.

use crate::attack::place::IGNORE;
use crate::attack::{Arg, Attack, Step, number, padded, step, steps};
use crate::master::{Fate, Jail};

const MIB: u64 = 1 << 20;
/// The job's limit in these tests.
const LIMIT: u64 = 64 * MIB;
const BLOCK: u64 = 16 * MIB;
/// `MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE`.
const PRIVATE: i32 = 0x4022;
const PAGE: u64 = 4096;
const ENOMEM: i64 = -12;

pub(crate) fn memory_ends_at_the_jobs_limit() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    let mut hog = Vec::new();
    for block in 0..12 {
        hog.push(step!("mmap", 0, BLOCK, 3, PRIVATE, -1, 0));
        hog.push(write(2 * block));
    }
    let fate = jail.attack(&limited(hog));
    let blocks: Vec<i64> = fate.results.iter().step_by(2).copied().collect();
    let got = blocks.iter().take_while(|address| **address > 0).count();
    assert!(
        (1..=4).contains(&got),
        "{got} blocks of 16 MiB, allowed are 64 MiB: {fate:?}"
    );
    assert!(
        blocks[got..].iter().all(|address| *address == ENOMEM),
        "{fate:?}"
    );

    // Other ways to the same: the heap's end, another protection, a larger block, any address.
    let brk = [step!("brk", 0), step!("brk", Arg::Beyond(0, 2 * LIMIT))];
    let fate = jail.attack(&limited(brk));
    assert!(
        fate.results.len() == 2 && fate.results[0] == fate.results[1],
        "brk: {fate:?}"
    );
    let protect = [
        step!("mmap", 0, 2 * LIMIT, 0, PRIVATE, -1, 0),
        step!("mprotect", Arg::Result(0), 2 * LIMIT, 3),
    ];
    last_is(&jail.attack(&limited(protect)), ENOMEM, "mprotect");
    let grow = [
        step!("mmap", 0, BLOCK, 3, PRIVATE, -1, 0),
        step!("mremap", Arg::Result(0), BLOCK, 2 * LIMIT, 1),
    ];
    last_is(&jail.attack(&limited(grow)), ENOMEM, "mremap");
}

/// The kernel counts writable memory only, and no page tables: what has been made read-only, and
/// the tables of memory that is only read, have no limit of their own. The master's watch and the
/// control group are there for these.
pub(crate) fn memory_that_the_limit_does_not_count_is_seen_by_the_watch() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    let mut written = Vec::new();
    for block in 0..12 {
        let address = Arg::Result(3 * block);
        written.push(step!("mmap", 0, BLOCK, 3, PRIVATE, -1, 0));
        written.push(write(3 * block));
        written.push(step!("mprotect", address, BLOCK, 1));
    }
    let seen = resident(&mut jail, written);
    assert!(
        seen >= 12 * BLOCK,
        "192 MiB made read-only, seen are {seen} bytes"
    );

    // Each table is a page and stands for 2 MiB. The kernel reads a signal mask there: zeros.
    const TABLES: u64 = 32 << 10;
    let touch = Step::Repeat {
        number: number("rt_sigprocmask").expect("every processor has it"),
        args: padded(&[0.into(), Arg::Result(0), 0.into(), 8.into()]),
        moving: 1,
        stride: 2 * MIB,
        times: TABLES,
    };
    let map = step!("mmap", 0, TABLES * 2 * MIB, 1, PRIVATE, -1, 0);
    let seen = resident(&mut jail, vec![map, touch]);
    assert!(
        seen >= TABLES * 4096,
        "128 MiB of page tables, seen are {seen} bytes"
    );
}

/// Writes to each page of the block that an earlier step has mapped.
fn write(mapped: usize) -> Step {
    Step::Repeat {
        number: number("getrandom").expect("every processor has it"),
        args: padded(&[Arg::Result(mapped), 1.into()]),
        moving: 0,
        stride: PAGE,
        times: BLOCK / PAGE,
    }
}

/// What the master sees of a child that holds on after these steps, all of which must succeed.
fn resident(jail: &mut Jail, attack: Vec<Step>) -> u64 {
    let count = attack.len();
    let child = jail.spawn();
    let attack = Attack {
        hold: true,
        ..limited(attack)
    };
    jail.run(child, &attack);
    jail.wait("the memory", |jail| jail.fate(child).results.len() == count);
    let results = &jail.fate(child).results;
    assert!(results.iter().all(|result| *result >= 0), "{results:?}");
    let seen = jail.handle(child).resident_bytes().expect("it lives");
    jail.handle(child).kill().expect("it can be killed");
    assert_eq!(jail.end(child).signal(), Some(libc::SIGKILL));
    seen
}

pub(crate) fn the_stack_ends_at_its_limit() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    // A write of the kernel's grows the stack as one of the process's own does.
    let write = |below| step!("getrandom", Arg::BelowStack(below), 1, 0);
    let fate = jail.attack(&steps([write(2 * MIB), write(3 * MIB), write(5 * MIB)]));
    assert_eq!(
        fate.results,
        [1, 1, -14],
        "2, 3 and 5 MiB below, allowed are 4"
    );
}

pub(crate) fn processor_time_ends_at_the_jobs_limit() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    const XCPU: i32 = libc::SIGXCPU;
    let ignoring = [step!("rt_sigaction", XCPU, IGNORE, 0, 8), Step::Spin];
    let attacks = [[Step::Spin].to_vec(), ignoring.to_vec()].map(|all| Attack {
        limits: Some((LIMIT, 1)),
        ..steps(all)
    });
    let fates = jail.attack_all(&attacks);
    assert_eq!(fates[0].signal(), Some(XCPU), "{:?}", fates[0]);
    // One second later the kernel does not ask.
    assert_eq!(fates[1].signal(), Some(libc::SIGKILL), "{:?}", fates[1]);
    assert_eq!(fates[1].results, [0]);
}

fn limited(all: impl IntoIterator<Item = Step>) -> Attack {
    Attack {
        limits: Some((LIMIT, 10_000)),
        ..steps(all)
    }
}

#[track_caller]
fn last_is(fate: &Fate, result: i64, what: &str) {
    assert_eq!(fate.results.last(), Some(&result), "{what}: {fate:?}");
}
