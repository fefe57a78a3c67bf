//! What the shell tells the pool ([`Input`]) and what the pool tells the shell to do ([`Output`]).

use lode_proto::ExitCause;

use crate::{AppKey, ChildId, HookKey, JobKey, ZygoteId};

/// Something that happened. An input about a child, zygote or job that the pool has already
/// dealt with is dropped and counted ([`PoolStats::late_dropped`](crate::PoolStats)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The zygote said that it can fork.
    ZygoteReady {
        /// Which one.
        zygote: ZygoteId,
    },
    /// The zygote's process ended, for whatever reason. Children that were asked of it and are
    /// not yet spawned are gone with it, silently; each spawned one gets its own `ChildGone`.
    ZygoteGone {
        /// Which one.
        zygote: ZygoteId,
    },
    /// The shell has the child's socket.
    ChildSpawned {
        /// Which one.
        child: ChildId,
    },
    /// The child said that it can take a job.
    ChildReady {
        /// Which one.
        child: ChildId,
    },
    /// The queue leased a job to this worker.
    JobLeased {
        /// The shell's key for this lease.
        job: JobKey,
        /// Whose it is.
        app: AppKey,
        /// What it runs.
        hook: HookKey,
        /// Wall limit of the run; the hard deadline is this plus the hard grace.
        wall_limit_us: u64,
        /// How much of the time in which the master carries out this job's host calls does not
        /// count as wall clock; zero counts it all.
        host_wait_limit_us: u64,
        /// Whether the job may be run again after a platform failure.
        idempotent: bool,
    },
    /// The master begins to carry out host calls of this child; it carried out none before. The
    /// wall clock of the job stands still, as far as its host-wait limit goes.
    HostCallStarted {
        /// Which one.
        child: ChildId,
    },
    /// None of the child's host calls is being carried out any more: the wall clock goes on.
    HostCallEnded {
        /// Which one.
        child: ChildId,
    },
    /// The child's report was read, is well-formed, and its host calls are finished. The shell
    /// keeps the report; the pool only decides whether it counts.
    ChildDone {
        /// Which one.
        child: ChildId,
    },
    /// The child's report was read, and host calls that it made before are still being carried
    /// out: they have so long from now on, whatever is left of the wall limit. Host calls that
    /// start or end after this change nothing, and a second report is dropped.
    ChildReported {
        /// Which one.
        child: ChildId,
        /// From now on.
        finish_limit_us: u64,
    },
    /// The child did what no child of ours does.
    ChildBroke {
        /// Which one.
        child: ChildId,
        /// What it did.
        breach: Breach,
    },
    /// The child's socket was read to its end and its exit status is known; nothing of this child
    /// comes after. Also how the shell reports a fork that failed.
    ChildGone {
        /// Which one.
        child: ChildId,
        /// How it ended.
        cause: ExitCause,
    },
    /// Another worker has the job now.
    LeaseLost {
        /// Which one.
        job: JobKey,
    },
    /// Whoever asked for the job wants it no more: it is killed, or not started, and settled so.
    Cancel {
        /// Which one.
        job: JobKey,
    },
    /// Take no more jobs, let the running ones finish for at most so long, then end. Said again,
    /// the earlier limit holds.
    Drain {
        /// From now on.
        limit_us: u64,
    },
}

/// What a child did that makes its job a violation; of [`Breach::Memory`], one out of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach {
    /// Bytes that are no frame, or a frame that has no place there.
    Protocol,
    /// More host calls than allowed, or too large ones.
    HostCalls,
    /// A result above its limit.
    ResultSize,
    /// More frames or bytes than allowed.
    Traffic,
    /// More resident memory than allowed, seen by the master's watch.
    Memory,
    /// A forbidden system call, of which the kernel's filter told the master.
    ForbiddenCall,
}

impl Breach {
    /// True if it throws doubt on the child's zygote, as [`ExitCause::is_suspicious`] does.
    pub(crate) fn is_suspicious(self) -> bool {
        match self {
            Self::ForbiddenCall => true,
            Self::Protocol | Self::HostCalls | Self::ResultSize | Self::Traffic | Self::Memory => {
                false
            }
        }
    }

    /// What becomes of a job whose child did this while running it.
    pub(crate) fn verdict(self) -> Verdict {
        match self {
            Self::Memory => Verdict::OutOfMemory {
                cause: ExitCause::KILLED_FOR_MEMORY,
            },
            Self::Protocol
            | Self::HostCalls
            | Self::ResultSize
            | Self::Traffic
            | Self::ForbiddenCall => Verdict::Violation {
                breach: Some(self),
                cause: None,
            },
        }
    }
}

/// Something for the shell to do. Naming a process that has just ended is normal: the shell
/// then does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Start a zygote and call it this.
    StartZygote {
        /// Its name from now on.
        zygote: ZygoteId,
    },
    /// Let the zygote end; it has no children left.
    StopZygote {
        /// Which one.
        zygote: ZygoteId,
    },
    /// Kill the zygote: it was not ready in time, did not stop, or reaps nobody. May be said again.
    KillZygote {
        /// Which one.
        zygote: ZygoteId,
    },
    /// Ask the zygote for a child and call it this.
    SpawnChild {
        /// Whom to ask.
        zygote: ZygoteId,
        /// Its name from now on.
        child: ChildId,
    },
    /// Kill the child. For a child that the shell does not have yet this is said again when it
    /// is spawned.
    KillChild {
        /// Which one.
        child: ChildId,
    },
    /// Send the job to the child, which is ready and has had no job yet.
    StartJob {
        /// To whom.
        child: ChildId,
        /// What.
        job: JobKey,
    },
    /// The job has its outcome. Each leased job ends in exactly one of `Settle`, `Retry`,
    /// `Release` and `Postpone`, or in none after `LeaseLost`.
    Settle {
        /// Which one.
        job: JobKey,
        /// What became of it.
        verdict: Verdict,
    },
    /// The job failed through no fault of its hook and may be run again.
    Retry {
        /// Which one.
        job: JobKey,
        /// How its child ended; SIGKILL if the drain limit ended it.
        cause: ExitCause,
    },
    /// The job was not started here: hand it back.
    Release {
        /// Which one.
        job: JobKey,
    },
    /// The job may not start now, and there is no room for it to wait in here: hand it back, but
    /// not at once, or this worker would lease it again in a moment.
    Postpone {
        /// Which one.
        job: JobKey,
    },
    /// Said once, at the end of a drain: nothing runs, nothing is held, no child is left and each
    /// zygote was told to stop.
    Drained,
}

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The child's report counts.
    Reported {
        /// Whose report.
        child: ChildId,
    },
    /// The hard deadline passed.
    TimedOut,
    /// The kernel ended the child at its limit of CPU time.
    CpuTimedOut {
        /// How it ended.
        cause: ExitCause,
    },
    /// The child ended for want of memory, or was ended because it used too much.
    OutOfMemory {
        /// How it ended.
        cause: ExitCause,
    },
    /// The hook, or whoever took over its process, did what is not allowed.
    Violation {
        /// What the master saw on the socket, if it was that.
        breach: Option<Breach>,
        /// What the kernel stopped, if it was that.
        cause: Option<ExitCause>,
    },
    /// The child ended through no known fault of the hook, and the job must not be run twice.
    Crashed {
        /// How it ended.
        cause: ExitCause,
    },
    /// The drain limit passed while the job ran, and the job must not be run twice.
    DrainLimit,
    /// It was cancelled before it had another end.
    Cancelled,
}
