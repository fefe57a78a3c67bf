//! How a child ends: exit codes shared by child and master, and the cause read from a wait status.

use serde::{Deserialize, Serialize};

/// Exit codes of a child. Zero means that it reported its outcome; the others say why it could not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(i32)]
pub enum ChildExit {
    /// The outcome was written to the job socket.
    Reported = 0,
    /// The master closed the job socket before a job came.
    Unused = 80,
    /// The job socket failed while the job ran.
    SocketLost = 81,
    /// The master sent something that is not a frame.
    BadFrame = 82,
    /// V8 could not get memory (heap or native): the hook's limit, or the process limit.
    OutOfMemory = 83,
    /// A step of the confinement failed; the job was not started.
    NotConfined = 84,
    /// The child's own code panicked.
    Panicked = 85,
    /// V8 found an inconsistency in itself.
    EngineFatal = 86,
}

impl ChildExit {
    /// The exit code as the kernel sees it, 0 to 255.
    #[must_use]
    pub fn code(self) -> i32 {
        self as i32
    }

    fn from_code(code: i32) -> Option<Self> {
        [
            Self::Reported,
            Self::Unused,
            Self::SocketLost,
            Self::BadFrame,
            Self::OutOfMemory,
            Self::NotConfined,
            Self::Panicked,
            Self::EngineFatal,
        ]
        .into_iter()
        .find(|exit| exit.code() == code)
    }
}

/// Why a child is gone, from the status that the zygote reaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitCause {
    /// It exited with one of our codes.
    Exited(ChildExit),
    /// It exited with a code that is none of ours.
    UnknownCode(i32),
    /// A signal ended it.
    Signal(i32),
    /// A signal ended it while it used so much memory that an allocation must have failed, or
    /// because it used more than it may.
    Starved(i32),
    /// Its zygote died, so nobody could reap it.
    ZygoteLost,
    /// It never lived: the zygote could not fork, or its descriptors did not arrive.
    ForkFailed,
}

/// Signal numbers of x86_64 and aarch64 Linux; here because this crate does not know libc.
const SIGILL: i32 = 4;
const SIGTRAP: i32 = 5;
const SIGABRT: i32 = 6;
const SIGBUS: i32 = 7;
const SIGKILL: i32 = 9;
const SIGSEGV: i32 = 11;
const SIGXCPU: i32 = 24;
const SIGSYS: i32 = 31;

impl ExitCause {
    /// How the kernel ends a child that the master kills.
    pub const KILLED: Self = Self::Signal(SIGKILL);
    /// How a child ends that the master kills because it uses more memory than it may.
    pub const KILLED_FOR_MEMORY: Self = Self::Starved(SIGKILL);

    /// The kernel's SIGXCPU at the limit of CPU time.
    pub const CPU_LIMIT: Self = Self::Signal(SIGXCPU);

    /// Reads a raw `wait(2)` status.
    #[must_use]
    pub fn from_wait_status(status: i32) -> Self {
        let signal = status & 0x7f;
        if signal != 0 {
            return Self::Signal(signal);
        }
        let code = (status >> 8) & 0xff;
        ChildExit::from_code(code).map_or(Self::UnknownCode(code), Self::Exited)
    }

    /// This cause of a child that ran a job, seen in the light of the memory that it used at its
    /// peak: allocations that fail inside native code (ICU, V8's own) end in SIGABRT, SIGSEGV or an
    /// engine that finds itself broken. Half of what it may use is far above what any crash for
    /// another reason comes with; for SIGABRT, which one block too large brings about (a BigInt's
    /// scratch space), a fifth is.
    #[must_use]
    pub fn with_memory(self, rss_peak_bytes: u64, memory_limit_bytes: u64) -> Self {
        let much = rss_peak_bytes > memory_limit_bytes / 2;
        match self {
            Self::Signal(SIGABRT) if rss_peak_bytes > memory_limit_bytes / 5 => {
                Self::Starved(SIGABRT)
            }
            Self::Signal(signal @ (SIGSEGV | SIGILL | SIGBUS)) if much => Self::Starved(signal),
            Self::Exited(ChildExit::EngineFatal) if much => Self::Exited(ChildExit::OutOfMemory),
            Self::Exited(_)
            | Self::UnknownCode(_)
            | Self::Signal(_)
            | Self::Starved(_)
            | Self::ZygoteLost
            | Self::ForkFailed => self,
        }
    }

    /// True when the death throws doubt on the zygote's memory layout or state: a new one is due.
    #[must_use]
    pub fn is_suspicious(self) -> bool {
        match self {
            // Whether the C library found its heap broken cannot be told from outside.
            Self::Signal(s) => matches!(s, SIGABRT | SIGILL | SIGBUS | SIGSEGV | SIGSYS),
            Self::Starved(s) => matches!(s, SIGILL | SIGBUS | SIGSEGV),
            Self::Exited(ChildExit::EngineFatal | ChildExit::NotConfined) => true,
            Self::Exited(_) | Self::UnknownCode(_) | Self::ZygoteLost | Self::ForkFailed => false,
        }
    }

    /// True when the process ended for want of memory. V8 ends itself with SIGTRAP, and only then,
    /// where a hook asks for an object beyond V8's own size limits.
    #[must_use]
    pub fn is_out_of_memory(self) -> bool {
        matches!(
            self,
            Self::Exited(ChildExit::OutOfMemory) | Self::Signal(SIGTRAP) | Self::Starved(_)
        )
    }

    /// True when the kernel ended the process at its limit of CPU time.
    #[must_use]
    pub fn is_cpu_limit(self) -> bool {
        self == Self::Signal(SIGXCPU)
    }

    /// True for a system call that the child's filter does not allow.
    #[must_use]
    pub fn is_forbidden_syscall(self) -> bool {
        self == Self::Signal(SIGSYS)
    }
}

impl std::fmt::Display for ExitCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(exit) => write!(f, "exit {} ({exit:?})", exit.code()),
            Self::UnknownCode(code) => write!(f, "exit {code}"),
            Self::Starved(signal) => write!(f, "{} for want of memory", Self::Signal(*signal)),
            Self::Signal(SIGILL) => f.write_str("SIGILL"),
            Self::Signal(SIGTRAP) => f.write_str("SIGTRAP"),
            Self::Signal(SIGABRT) => f.write_str("SIGABRT"),
            Self::Signal(SIGBUS) => f.write_str("SIGBUS"),
            Self::Signal(SIGKILL) => f.write_str("SIGKILL"),
            Self::Signal(SIGSEGV) => f.write_str("SIGSEGV"),
            Self::Signal(SIGXCPU) => f.write_str("SIGXCPU (the limit of CPU time)"),
            Self::Signal(SIGSYS) => f.write_str("SIGSYS (a forbidden system call)"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::ZygoteLost => f.write_str("its zygote was lost"),
            Self::ForkFailed => f.write_str("it could not be forked"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_statuses_become_causes() {
        let cause = ExitCause::from_wait_status;
        assert_eq!(cause(0), ExitCause::Exited(ChildExit::Reported));
        assert_eq!(cause(83 << 8), ExitCause::Exited(ChildExit::OutOfMemory));
        assert_eq!(cause(7 << 8), ExitCause::UnknownCode(7));
        assert_eq!(cause(9), ExitCause::Signal(SIGKILL));
        assert_eq!(cause(0x80 | 11), ExitCause::Signal(SIGSEGV));
        let limit = 256 << 20;
        assert_eq!(
            cause(6).with_memory(limit, limit),
            ExitCause::Starved(SIGABRT)
        );
        assert!(cause(11).with_memory(limit, limit).is_out_of_memory());
        assert!(!cause(11).with_memory(limit / 4, limit).is_out_of_memory());
        let aborted = cause(6).with_memory(limit / 4, limit);
        assert!(aborted.is_out_of_memory() && !aborted.is_suspicious());
        assert!(cause(6).with_memory(limit / 8, limit).is_suspicious());
        let fatal = ExitCause::Exited(ChildExit::EngineFatal);
        assert!(fatal.with_memory(limit, limit).is_out_of_memory());
        assert_eq!(fatal.with_memory(limit / 4, limit), fatal);
        assert_eq!(cause(9).with_memory(limit, limit), cause(9));
        assert!(cause(31).is_forbidden_syscall() && cause(31).is_suspicious());
    }

    #[test]
    fn a_death_at_the_cpu_limit_is_that_and_nothing_else() {
        let cause = ExitCause::from_wait_status(SIGXCPU);
        assert!(cause.is_cpu_limit());
        assert!(!cause.is_out_of_memory() && !cause.is_suspicious());
        assert!(!ExitCause::KILLED.is_cpu_limit());
        assert_eq!(cause.to_string(), "SIGXCPU (the limit of CPU time)");
    }

    #[test]
    fn a_kill_for_memory_reads_as_one_and_leaves_the_zygote_alone() {
        let cause = ExitCause::KILLED_FOR_MEMORY;
        assert!(cause.is_out_of_memory() && !cause.is_suspicious());
        assert_eq!(cause.to_string(), "SIGKILL for want of memory");
    }
}
