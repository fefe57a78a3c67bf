//! The system calls that each phase may make: allow-lists as data, each entry with its reason.
//!
//! ```text
//! launcher   waits for its zygote                 anything else: the process is killed
//! serving    the zygote, and each child of it     anything else: the master is told, and kills
//!    child   what only the zygote may do is gone  trapped: the child says which, and ends
//! ```
//! Filters are inherited: a child stands under `SERVING` and `CHILD`. The lists were found by
//! running the whole corpus of hooks and adding what V8, the C library and the sockets ask for;
//! a test runs that corpus under a tracer and fails for an entry that nothing uses.

/// On which processors a call exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    All,
    X86,
    Arm,
}

/// A condition on one argument's lower 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    /// The argument has this value.
    Is(u8, u32),
    /// The argument has not this value.
    Not(u8, u32),
    /// The argument's bits under the mask have this value.
    Bits { arg: u8, mask: u32, value: u32 },
    /// The argument is the process's own id, known when the filter is put on.
    IsSelf(u8),
}

/// What happens to a call on a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// It is made if all tests of any one alternative hold; no alternative means always.
    Allow(&'static [&'static [Test]]),
    /// It is not made and gives this error.
    Refuse(i32),
    /// It is never made.
    Trap,
}

/// How a call comes up in the corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// In every run of the corpus.
    Common,
    /// Only when two threads meet, memory runs out, or a process is stopped and continued.
    Rare,
}

/// One entry of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) call: &'static str,
    pub(crate) on: On,
    pub(crate) verb: Verb,
    pub(crate) used: Use,
    /// Why it stands here; for whoever reads the list.
    pub(crate) _why: &'static str,
}

const fn rule(call: &'static str, verb: Verb, why: &'static str) -> Rule {
    Rule {
        call,
        on: On::All,
        verb,
        used: Use::Common,
        _why: why,
    }
}

const fn rare(call: &'static str, verb: Verb, why: &'static str) -> Rule {
    Rule {
        used: Use::Rare,
        ..rule(call, verb, why)
    }
}

const fn x86(call: &'static str, verb: Verb, why: &'static str) -> Rule {
    Rule {
        on: On::X86,
        ..rule(call, verb, why)
    }
}

const ANY: Verb = Verb::Allow(&[]);
/// Clocks 0 to 15: the machine's, and the caller's own CPU time. The numbers above and below name
/// other processes' CPU time.
const OWN_CLOCK: Verb = Verb::Allow(&[&[Test::Bits {
    arg: 0,
    mask: !0xf,
    value: 0,
}]]);
/// About the caller only: with another's number it would tell which siblings there are.
const OWN_PROCESS: Verb = Verb::Allow(&[&[Test::Is(0, 0)]]);

/// `MAP_TYPE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_HUGETLB`: the flags that say what a mapping is.
/// Huge pages come from a pool that the host has put aside for somebody else.
const MAP_KIND: u32 = 0x0f | 0x20 | 0x100 | 0x4_0000;
/// `MAP_PRIVATE | MAP_ANONYMOUS`: memory, never a file, and of the kind that `RLIMIT_DATA` counts
/// (shared and growing mappings it does not).
const PRIVATE_ANONYMOUS: u32 = 0x02 | 0x20;
/// Every bit but `PROT_READ | PROT_WRITE | PROT_EXEC`: a grown-down or grown-up protection, say.
const STRANGE_PROTECTION: u32 = !0x7;
/// Every bit of a futex operation but its number's low bit and `FUTEX_CLOCK_REALTIME`: what is left
/// of private ones are WAIT and WAKE. A lock that is not private is found by the file behind its
/// page, so that one on the program's own text would join strangers.
const FUTEX_BEYOND_WAIT_AND_WAKE: u32 = !(0x1 | 0x100);
const FUTEX_PRIVATE: u32 = 0x80;
/// `FUTEX_WAIT_BITSET`, private.
const FUTEX_WAIT_BITSET: u32 = 9 | FUTEX_PRIVATE;
const FUTEX_CLOCK: u32 = 0x100;
/// `PR_SET_VMA`: gives a name to pages of the process itself, and nothing else.
const SET_VMA: u32 = 0x5356_4d41;
/// `PR_SET_PDEATHSIG`.
const SET_DEATH_SIGNAL: u32 = 1;
/// `CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD`: the C library's fork.
const FORK: u32 = 0x0120_0011;
/// What the C library starts a thread with; the watchdog is one.
const THREAD: u32 = 0x003d_0f00;
/// `SECCOMP_SET_MODE_FILTER`.
const SET_FILTER: u32 = 1;
/// `SIGABRT`, the one signal a child may send, to itself.
const ABORT: u32 = 6;
/// `SIGSYS`, whose handler says which call was trapped.
const SIGSYS: u32 = 31;
/// The job socket of a child; every other descriptor is closed.
const JOB_SOCKET: u32 = 3;
/// `RLIMIT_CPU` and `RLIMIT_DATA`, the two that are set when the job is known.
const LIMIT_CPU: u32 = 0;
const LIMIT_DATA: u32 = 2;

/// Of the launcher, once the zygote is forked: it waits, and nothing else.
pub(crate) const LAUNCHER: &[Rule] = &[
    rule("wait4", ANY, "the zygote's end is its own"),
    rule("close", ANY, "it lets go of the control socket"),
    rule("exit_group", ANY, "the end"),
    rare("rt_sigreturn", ANY, "back from a signal"),
    rare("restart_syscall", ANY, "after a stop and continue"),
];

/// Of the zygote from its first fork on, and so of every child.
pub(crate) const SERVING: &[Rule] = &[
    rule(
        "read",
        ANY,
        "the job socket; in the zygote the ends of children",
    ),
    rule(
        "write",
        ANY,
        "the job socket; V8's last words go to standard error, which is closed",
    ),
    x86("poll", ANY, "waiting for a request, a reply or a timer"),
    rare("ppoll", ANY, "the same, where there is no poll"),
    // Memory: V8's heap, its code space (mprotect between writable and executable), malloc.
    rule(
        "mmap",
        Verb::Allow(&[&[
            Test::Bits {
                arg: 3,
                mask: MAP_KIND,
                value: PRIVATE_ANONYMOUS,
            },
            Test::Bits {
                arg: 2,
                mask: STRANGE_PROTECTION,
                value: 0,
            },
        ]]),
        "memory of its own, never a file",
    ),
    rule("munmap", ANY, "giving memory back"),
    rule(
        "mprotect",
        Verb::Allow(&[&[Test::Bits {
            arg: 2,
            mask: STRANGE_PROTECTION,
            value: 0,
        }]]),
        "V8's code space and guard pages",
    ),
    rare(
        "mremap",
        // MREMAP_MAYMOVE and nothing else: no second mapping, no given place.
        Verb::Allow(&[&[Test::Is(3, 1)], &[Test::Is(3, 0)]]),
        "growing a large block of malloc",
    ),
    rule(
        "madvise",
        // DONTNEED and FREE; DONTFORK, DOFORK, DONTDUMP and DODUMP, with which V8 marks its pages
        // as it takes and leaves them; HUGEPAGE and NOHUGEPAGE. None that remaps or poisons.
        Verb::Allow(&[
            &[Test::Is(2, 4)],
            &[Test::Is(2, 8)],
            &[Test::Is(2, 10)],
            &[Test::Is(2, 11)],
            &[Test::Is(2, 16)],
            &[Test::Is(2, 17)],
            &[Test::Is(2, 14)],
            &[Test::Is(2, 15)],
        ]),
        "giving pages back while keeping their addresses",
    ),
    rule("brk", ANY, "malloc's main arena"),
    rule(
        "prlimit64",
        Verb::Allow(&[&[Test::Is(0, 0)]]),
        "limits of the process itself, which only ever go down",
    ),
    rule(
        "futex",
        Verb::Allow(&[
            &[Test::Bits {
                arg: 1,
                mask: FUTEX_BEYOND_WAIT_AND_WAKE,
                value: FUTEX_PRIVATE,
            }],
            &[Test::Bits {
                arg: 1,
                mask: !FUTEX_CLOCK,
                value: FUTEX_WAIT_BITSET,
            }],
        ]),
        "locks between the run and the watchdog thread, and the watchdog's sleep",
    ),
    // V8's locks, when the run and the watchdog meet in one: the first contended lock makes an
    // allocator of its own, which names its pages, looks at its priority, and may pause.
    rare("sched_yield", ANY, "a contended lock"),
    rare("sched_getparam", OWN_PROCESS, "a contended lock"),
    rare("sched_getscheduler", OWN_PROCESS, "a contended lock"),
    rare("clock_nanosleep", OWN_CLOCK, "a contended lock"),
    rule(
        "prctl",
        Verb::Allow(&[&[Test::Is(0, SET_VMA)], &[Test::Is(0, SET_DEATH_SIGNAL)]]),
        "names of pages; the zygote's children die with it",
    ),
    rule(
        "clock_gettime",
        OWN_CLOCK,
        "the CPU clock, which the vDSO never has",
    ),
    rare("gettimeofday", ANY, "where the vDSO has no clock"),
    rule("getrandom", ANY, "reseeding after the fork"),
    // abort(): the signal must reach the process, or its death would look like a forbidden call.
    rule("rt_sigprocmask", ANY, "starting a thread, abort()"),
    rare(
        "rt_sigaction",
        Verb::Allow(&[&[Test::Not(0, SIGSYS)]]),
        "abort(); the handler of SIGSYS stays",
    ),
    rare("rt_sigreturn", ANY, "back from a signal"),
    rule("sigaltstack", ANY, "the thread's own stack for signals"),
    rule("gettid", ANY, "V8's locks know their holder"),
    rule("getpid", ANY, "the filter's own-process test; abort()"),
    rare(
        "tgkill",
        ANY,
        "abort(); a child's filter allows itself only",
    ),
    rule(
        "sched_getaffinity",
        ANY,
        "the optimising compiler asks for the number of processors",
    ),
    // The C library looks for /sys/devices/system/cpu/online then, and is content without it.
    rare("openat", Verb::Refuse(2), "no such file, whatever it is"),
    // It looks at standard output before it writes V8's last words there.
    Rule {
        on: On::X86,
        ..rare(
            "newfstatat",
            Verb::Refuse(2),
            "no such file, whatever it is",
        )
    },
    Rule {
        on: On::Arm,
        ..rare("fstatat", Verb::Refuse(2), "no such file, whatever it is")
    },
    rare(
        "close",
        ANY,
        "a child without a job closes its socket before it leaves",
    ),
    rare(
        "fcntl",
        // F_GETFD: the standard library checks a descriptor that it closes.
        Verb::Allow(&[&[Test::Is(1, 1)]]),
        "whether a descriptor is open",
    ),
    rule("exit_group", ANY, "the end"),
    rare("restart_syscall", ANY, "after a stop and continue"),
    // From here on: the zygote, and a child's first steps. `CHILD` takes them away.
    rule(
        "clone",
        Verb::Allow(&[&[Test::Is(0, FORK)], &[Test::Is(0, THREAD)]]),
        "forking a child; its watchdog thread",
    ),
    // The C library tries it first and takes clone, whose flags can be checked.
    rule("clone3", Verb::Refuse(38), "not implemented"),
    rule("set_robust_list", ANY, "the C library's fork and thread"),
    rule("rseq", ANY, "the C library's thread"),
    rule("socketpair", ANY, "a child's job socket"),
    rule("sendmsg", ANY, "the zygote's answers, with descriptors"),
    rule("recvmsg", ANY, "the master's requests"),
    rule("wait4", ANY, "reaping"),
    rule(
        "pidfd_open",
        ANY,
        "a handle that never names another process",
    ),
    x86("dup2", ANY, "the job socket goes to its place"),
    rare("dup3", ANY, "the same, where there is no dup2"),
    rule("close_range", ANY, "everything else is closed"),
    rule(
        "seccomp",
        Verb::Allow(&[&[Test::Is(0, SET_FILTER)]]),
        "the child's own filter",
    ),
];

/// Of a child, on top of `SERVING`, from before its job is read: what is left out here stays as
/// it is there.
pub(crate) const CHILD: &[Rule] = &[
    rule(
        "read",
        Verb::Allow(&[&[Test::Is(0, JOB_SOCKET)]]),
        "the job socket",
    ),
    rule(
        "sched_getaffinity",
        Verb::Allow(&[&[Test::Is(0, 0)], &[Test::IsSelf(0)]]),
        "its own processors; another's would tell that it is there",
    ),
    rare(
        "tgkill",
        Verb::Allow(&[&[Test::IsSelf(0), Test::Is(2, ABORT)]]),
        "abort(), and no other process or signal",
    ),
    rule(
        "prlimit64",
        Verb::Allow(&[&[Test::Is(1, LIMIT_CPU)], &[Test::Is(1, LIMIT_DATA)]]),
        "the job's own limits, set when the job is known; only down",
    ),
    rule(
        "prctl",
        Verb::Allow(&[&[Test::Is(0, SET_VMA)]]),
        "names of pages",
    ),
    rule("clone", Verb::Trap, "no process, no thread"),
    rule("clone3", Verb::Trap, "no process, no thread"),
    rule("set_robust_list", Verb::Trap, "no thread is made any more"),
    rule("rseq", Verb::Trap, "no thread is made any more"),
    rule("socketpair", Verb::Trap, "one socket"),
    rule("sendmsg", Verb::Trap, "no descriptor leaves"),
    rule("recvmsg", Verb::Trap, "no descriptor comes"),
    rule("wait4", Verb::Trap, "no children"),
    rule("pidfd_open", Verb::Trap, "no other process"),
    x86("dup2", Verb::Trap, "one descriptor"),
    rule("dup3", Verb::Trap, "one descriptor"),
    rule("close_range", Verb::Trap, "one descriptor"),
    rule("seccomp", Verb::Trap, "no further filter, no listener"),
];
