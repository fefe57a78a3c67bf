//! An attack as data: the system calls that a child shall make, and what it has to make them with.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use syscalls::Sysno;

/// What one child does: the payload of its Run frame.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Attack {
    /// The job's limits: bytes of memory and milliseconds of processor time, put on first.
    pub(crate) limits: Option<(u64, u64)>,
    pub(crate) steps: Vec<Step>,
    /// After the last step, waits for another frame before it reports and ends.
    pub(crate) hold: bool,
}

/// One step of an attack. Each has one result.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Step {
    Call {
        number: u64,
        args: [Arg; 6],
    },
    /// The same call again and again, the argument `moving` further by `stride` each time, until
    /// it fails; the result is how often it succeeded.
    Repeat {
        number: u64,
        args: [Arg; 6],
        moving: usize,
        stride: u64,
        times: u64,
    },
    /// By the door of 32-bit programs.
    Int0x80(u32),
    /// By the fixed address of `time`.
    Vsyscall,
    /// SIGABRT does nothing from here on.
    SurviveAbort,
    /// The other thread sends SIGABRT to this one from here on, without end.
    Nag,
    /// Uses the processor for ever.
    Spin,
}

/// An argument of a call, as far as only the child can know it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Arg {
    Is(u64),
    /// The address of this byte of the child's `Memory`.
    At(u64),
    /// What an earlier step returned.
    Result(usize),
    /// What an earlier step returned, and this much more.
    Beyond(usize, u64),
    OwnProcess,
    OwnThread,
    /// An address this many bytes below the stack's end.
    BelowStack(u64),
    /// The address of memory that was written in the zygote, before the fork.
    Inherited,
}

impl From<u64> for Arg {
    fn from(value: u64) -> Self {
        Self::Is(value)
    }
}

impl From<i32> for Arg {
    fn from(value: i32) -> Self {
        Self::Is(i64::from(value).cast_unsigned())
    }
}

/// What the child reports when it is still there after the last step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Survived {
    /// Whether what it inherited from the zygote is still what the zygote wrote.
    pub(crate) inherited_intact: bool,
}

/// The number of a call by its name; `None` where this processor has no such call.
pub(crate) fn number(name: &str) -> Option<u64> {
    let call = Sysno::from_str(name).ok()?;
    u64::try_from(call.id()).ok()
}

/// A step that makes the call `name`, missing arguments being zero.
pub(crate) fn call(name: &str, args: &[Arg]) -> Option<Step> {
    number(name).map(|number| numbered(number, args))
}

/// The same by its number.
pub(crate) fn numbered(number: u64, args: &[Arg]) -> Step {
    Step::Call {
        number,
        args: padded(args),
    }
}

pub(crate) fn padded(args: &[Arg]) -> [Arg; 6] {
    let mut all = [Arg::Is(0); 6];
    all[..args.len()].copy_from_slice(args);
    all
}

/// A step that makes a call which every processor has.
macro_rules! step {
    ($name:literal $(, $arg:expr)* $(,)?) => {
        $crate::attack::call($name, &[$($crate::attack::Arg::from($arg)),*])
            .expect("the name of a call that every processor has")
    };
}
pub(crate) use step;

/// Steps and nothing else.
pub(crate) fn steps(steps: impl IntoIterator<Item = Step>) -> Attack {
    Attack {
        steps: steps.into_iter().collect(),
        ..Attack::default()
    }
}

/// What every string and name of an attack has in it, so that its traces can be found.
pub(crate) const MARK: &str = "lode-attack";
/// The same for keys of shared memory, queues and semaphores.
pub(crate) const KEY: u64 = 0x10de_a77a;

/// Places in a child's `Memory`.
pub(crate) mod place {
    use super::Arg;

    pub(crate) const PASSWD: Arg = Arg::At(0);
    pub(crate) const FILE: Arg = Arg::At(0x20);
    pub(crate) const NAME: Arg = Arg::At(0x60);
    pub(crate) const ROOT: Arg = Arg::At(0x80);
    pub(crate) const TMPFS: Arg = Arg::At(0x90);
    pub(crate) const SHELL: Arg = Arg::At(0xa0);
    pub(crate) const ARGV: Arg = Arg::At(0xc0);
    pub(crate) const KEYRING: Arg = Arg::At(0xe0);
    /// A whole page of zeros: an empty struct of any kind, a buffer.
    pub(crate) const ZEROS: Arg = Arg::At(0x1000);
    /// `struct iovec` of 16 bytes of the zeros.
    pub(crate) const IOVEC: Arg = Arg::At(0x100);
    /// `struct msghdr` with the vector and a control message that carries descriptor 3.
    pub(crate) const MESSAGE: Arg = Arg::At(0x140);
    /// `struct sock_fprog` of one instruction that allows everything.
    pub(crate) const FILTER: Arg = Arg::At(0x1c0);
    /// `struct clone_args` of a plain fork.
    pub(crate) const CLONE_ARGS: Arg = Arg::At(0x200);
    /// `struct rlimit64` without limits.
    pub(crate) const UNLIMITED: Arg = Arg::At(0x280);
    /// `sockaddr_in` of 127.0.0.1, port 80.
    pub(crate) const ADDRESS: Arg = Arg::At(0x2a0);
    /// Version 3 capability header; every capability.
    pub(crate) const CAP_HEADER: Arg = Arg::At(0x2c0);
    pub(crate) const CAP_ALL: Arg = Arg::At(0x2d0);
    /// `perf_event_attr`: a software counter of the task clock, user space only.
    pub(crate) const PERF: Arg = Arg::At(0x300);
    /// All signals.
    pub(crate) const ALL_SIGNALS: Arg = Arg::At(0x380);
    /// `struct timespec` of one nanosecond.
    pub(crate) const NANOSECOND: Arg = Arg::At(0x3a0);
    /// `struct sigaction` that ignores the signal.
    pub(crate) const IGNORE: Arg = Arg::At(0x3e0);
    /// `stack_t` at an address where nothing is, of 64 KiB.
    pub(crate) const NO_STACK: Arg = Arg::At(0x3c0);
}

/// The bytes of a child's memory of `length` bytes at `base`, laid out as `place` says.
pub(crate) fn memory_image(base: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
    put(0, b"/etc/passwd");
    put(0x20, b"/tmp/lode-attack");
    put(0x60, b"lode-attack");
    put(0x80, b"/");
    put(0x90, b"tmpfs");
    put(0xa0, b"/bin/sh");
    put(0xc0, &(base + 0xa0).to_le_bytes());
    put(0xe0, b"keyring");
    put(0x100, &(base + 0x1000).to_le_bytes());
    put(0x108, &16_u64.to_le_bytes());
    // msghdr: name, its length, vector, its length, control, its length, flags.
    put(0x150, &(base + 0x100).to_le_bytes());
    put(0x158, &1_u64.to_le_bytes());
    put(0x160, &(base + 0x190).to_le_bytes());
    put(0x168, &24_u64.to_le_bytes());
    // cmsghdr: length, SOL_SOCKET, SCM_RIGHTS; the descriptor.
    put(0x190, &20_u64.to_le_bytes());
    put(0x198, &1_u32.to_le_bytes());
    put(0x19c, &1_u32.to_le_bytes());
    put(0x1a0, &3_u32.to_le_bytes());
    // sock_fprog; its instruction returns SECCOMP_RET_ALLOW.
    put(0x1c0, &1_u64.to_le_bytes());
    put(0x1c8, &(base + 0x1e0).to_le_bytes());
    put(0x1e0, &[6, 0, 0, 0, 0, 0, 0xff, 0x7f]);
    put(0x220, &17_u64.to_le_bytes()); // exit_signal: SIGCHLD
    put(0x280, &[0xff; 16]);
    put(0x2a0, &[2, 0, 0, 80, 127, 0, 0, 1]);
    put(0x2c0, &0x2008_0522_u32.to_le_bytes());
    put(0x2d0, &[0xff; 24]);
    // type software, size, config task clock; disabled, exclude kernel and hypervisor.
    put(0x300, &1_u32.to_le_bytes());
    put(0x304, &64_u32.to_le_bytes());
    put(0x308, &1_u64.to_le_bytes());
    put(0x328, &0x61_u64.to_le_bytes());
    put(0x380, &[0xff; 8]);
    put(0x3a8, &1_u64.to_le_bytes());
    put(0x3c0, &0x1000_u64.to_le_bytes());
    put(0x3d0, &0x1_0000_u64.to_le_bytes());
    put(0x3e0, &1_u64.to_le_bytes());
    bytes
}
