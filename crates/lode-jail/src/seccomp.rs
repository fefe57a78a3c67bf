//! The system calls a child may make: an allow-list as data. Anything else kills the process.
//!
//! The list was found by running the whole corpus of hooks and adding what V8 and the job socket
//! ask for, and nothing besides. `tests/e2e` runs that corpus under it.

use std::collections::BTreeMap;
use std::io;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// One allowed call: its number, a condition on one argument, and the reason it is here.
struct Allowed {
    call: i64,
    /// All of them must hold; none means any arguments.
    only: Vec<Condition>,
}

/// A condition on one argument of a call.
struct Condition {
    argument: u8,
    op: SeccompCmpOp,
    value: u64,
}

fn any(call: i64) -> Allowed {
    Allowed {
        call,
        only: Vec::new(),
    }
}

fn only(call: i64, argument: u8, op: SeccompCmpOp, value: u64) -> Allowed {
    Allowed {
        call,
        only: vec![Condition {
            argument,
            op,
            value,
        }],
    }
}

/// `MAP_TYPE | MAP_ANONYMOUS | MAP_GROWSDOWN`: the flags that say what a mapping is.
const MAP_KIND: u64 = 0x0f | 0x20 | 0x100;
/// `MAP_PRIVATE | MAP_ANONYMOUS`: memory, never a file, and of the kind that `RLIMIT_DATA` counts
/// (shared and growing mappings it does not).
const PRIVATE_ANONYMOUS: u64 = 0x02 | 0x20;
/// `PR_SET_VMA`: gives a name to pages of the process itself, and nothing else.
const SET_VMA: u64 = 0x5356_4d41;
/// `SIGABRT`, the one signal a child may send.
const ABORT: u64 = 6;
/// The job socket; every other descriptor is closed.
const JOB_SOCKET: u64 = 3;

/// Calls that get "no such file" instead of death: the C library looks for
/// `/sys/devices/system/cpu/online` when V8 first optimises a function, and is content without it.
/// They stand in the allow-list as well; of two filters the stricter answer counts.
const REFUSED: [i64; 2] = [libc::SYS_openat, libc::SYS_newfstatat];

fn allowed() -> Vec<Allowed> {
    vec![
        // The job socket.
        only(libc::SYS_read, 0, SeccompCmpOp::Eq, JOB_SOCKET),
        // Any descriptor: V8 writes its last words to standard error, which is closed.
        any(libc::SYS_write),
        #[cfg(target_arch = "x86_64")]
        any(libc::SYS_poll),
        any(libc::SYS_ppoll),
        // Memory: V8's heap, its code space (mprotect between writable and executable), malloc.
        only(
            libc::SYS_mmap,
            3,
            SeccompCmpOp::MaskedEq(MAP_KIND),
            PRIVATE_ANONYMOUS,
        ),
        any(libc::SYS_munmap),
        any(libc::SYS_mprotect),
        any(libc::SYS_mremap),
        any(libc::SYS_madvise),
        any(libc::SYS_brk),
        // A job's own memory limit, set when the job is known; its own process, and only down.
        Allowed {
            call: libc::SYS_prlimit64,
            only: vec![
                Condition {
                    argument: 0,
                    op: SeccompCmpOp::Eq,
                    value: 0,
                },
                Condition {
                    argument: 1,
                    op: SeccompCmpOp::Eq,
                    value: u64::from(libc::RLIMIT_DATA),
                },
            ],
        },
        // Locks between the run and the watchdog thread, and the watchdog's sleep.
        any(libc::SYS_futex),
        any(libc::SYS_sched_yield),
        // V8's locks, when the run and the watchdog meet in one: the first contended lock makes an
        // allocator of its own, which names its pages, looks at its priority, and may pause.
        only(libc::SYS_prctl, 0, SeccompCmpOp::Eq, SET_VMA),
        any(libc::SYS_sched_getparam),
        any(libc::SYS_sched_getscheduler),
        any(libc::SYS_clock_nanosleep),
        // Clocks, where the vDSO has none, and the CPU clock, which it never has.
        any(libc::SYS_clock_gettime),
        any(libc::SYS_gettimeofday),
        // Randomness: reseeding V8 after the fork.
        any(libc::SYS_getrandom),
        // abort(): the signal must reach us, or the death would look like a forbidden call.
        any(libc::SYS_rt_sigprocmask),
        any(libc::SYS_rt_sigaction),
        any(libc::SYS_rt_sigreturn),
        any(libc::SYS_sigaltstack),
        any(libc::SYS_gettid),
        any(libc::SYS_getpid),
        only(libc::SYS_tgkill, 2, SeccompCmpOp::Eq, ABORT),
        // The optimising compiler asks for the number of processors; see also REFUSED.
        any(libc::SYS_sched_getaffinity),
        any(libc::SYS_openat),
        // The C library looks at standard output before it writes V8's last words there.
        any(libc::SYS_newfstatat),
        // A child without a job closes its socket before it leaves.
        any(libc::SYS_close),
        only(
            libc::SYS_fcntl,
            1,
            SeccompCmpOp::Eq,
            libc::F_GETFD.unsigned_abs().into(),
        ),
        // The end.
        any(libc::SYS_exit),
        any(libc::SYS_exit_group),
        // The kernel resumes a sleep with it after a stop and continue.
        any(libc::SYS_restart_syscall),
    ]
}

/// The compiled filters, made once in the zygote.
#[derive(Debug)]
pub struct Filter {
    refusing: BpfProgram,
    allowing: BpfProgram,
}

impl Filter {
    /// Compiles the lists for this machine's architecture.
    pub fn compile() -> io::Result<Self> {
        let refused = REFUSED.into_iter().map(|call| (call, Vec::new())).collect();
        let no_such_file = SeccompAction::Errno(libc::ENOENT.unsigned_abs());
        Ok(Self {
            refusing: program(refused, SeccompAction::Allow, no_such_file)?,
            allowing: program(rules()?, SeccompAction::KillProcess, SeccompAction::Allow)?,
        })
    }

    /// Puts the filters on every thread of this process. They cannot be taken off.
    pub(crate) fn apply(&self) -> io::Result<()> {
        for program in [&self.refusing, &self.allowing] {
            seccompiler::apply_filter_all_threads(program).map_err(io::Error::other)?;
        }
        Ok(())
    }
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn rules() -> io::Result<Rules> {
    let mut rules = Rules::new();
    for Allowed { call, only } in allowed() {
        let conditions: Result<Vec<SeccompCondition>, _> = only
            .into_iter()
            .map(
                |Condition {
                     argument,
                     op,
                     value,
                 }| {
                    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, op, value)
                },
            )
            .collect();
        let conditions = conditions.map_err(io::Error::other)?;
        let entry = rules.entry(call).or_default();
        if !conditions.is_empty() {
            entry.push(SeccompRule::new(conditions).map_err(io::Error::other)?);
        }
    }
    Ok(rules)
}

fn program(
    rules: Rules,
    otherwise: SeccompAction,
    listed: SeccompAction,
) -> io::Result<BpfProgram> {
    let arch = std::env::consts::ARCH
        .try_into()
        .map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, otherwise, listed, arch).map_err(io::Error::other)?;
    BpfProgram::try_from(filter).map_err(io::Error::other)
}

/// Whether the kernel knows filters whose default action kills the process.
pub(crate) fn available() -> io::Result<()> {
    Filter::compile()?;
    crate::sys::seccomp_kill_process_available()
}
