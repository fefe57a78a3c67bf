//! [`Run`]: one job on its child, and [`WallClock`]: how long it still may take.
//!
//! ```text
//!              HostCallStarted             ChildReported
//!   ┌─────────┐ ─────────────► ┌─────────┐ ─────────────► ┌───────────┐
//!   │ Ticking │                │ Stopped │                │ Finishing │
//!   └─────────┘ ◄───────────── └─────────┘                └───────────┘
//!        │      HostCallEnded                                   ▲
//!        └──────────────────────── ChildReported ───────────────┘
//! ```
//!
//! The time in which the master carries out host calls is not the hook's. It is free up to a cap,
//! or a hook could stay for ever by asking for things. A stopped clock has a deadline all the
//! same: what it would be if the calls used up the cap.

use super::jobs::LeasedJob;
use crate::{AppKey, HookKey, JobKey, Time};

/// A started job without a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) job: JobKey,
    pub(super) app: AppKey,
    pub(super) hook: HookKey,
    pub(super) idempotent: bool,
    pub(super) clock: WallClock,
}

impl Run {
    /// The job's run from now on; it may take its wall limit plus `grace_us`.
    pub(super) fn start(job: LeasedJob, grace_us: u64, now: Time) -> Self {
        Self {
            job: job.key,
            app: job.app,
            hook: job.hook,
            idempotent: job.idempotent,
            clock: WallClock::Ticking {
                deadline: now.plus_us(job.wall_limit_us).plus_us(grace_us),
                free_us: job.host_wait_limit_us,
            },
        }
    }
}

/// When a run is over its time, and what moves that instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WallClock {
    /// The hook runs; so much of its further waits is free.
    Ticking { deadline: Time, free_us: u64 },
    /// The master carries out host calls since then; the deadline is the one from before.
    Stopped {
        since: Time,
        deadline: Time,
        free_us: u64,
    },
    /// The hook has reported; its host calls have a limit of their own, which nothing moves.
    Finishing { deadline: Time },
}

impl WallClock {
    /// The hard deadline, if nothing else happens.
    pub(super) fn deadline(self) -> Time {
        match self {
            Self::Ticking { deadline, .. } | Self::Finishing { deadline } => deadline,
            Self::Stopped {
                deadline, free_us, ..
            } => deadline.plus_us(free_us),
        }
    }

    /// Host calls begin; `None` if some were being carried out.
    pub(super) fn stopped(self, now: Time) -> Option<Self> {
        match self {
            Self::Ticking { deadline, free_us } => Some(Self::Stopped {
                since: now,
                deadline,
                free_us,
            }),
            Self::Stopped { .. } => None,
            Self::Finishing { .. } => Some(self),
        }
    }

    /// The last host call ended; `None` if none was being carried out.
    pub(super) fn resumed(self, now: Time) -> Option<Self> {
        match self {
            Self::Ticking { .. } => None,
            Self::Stopped {
                since,
                deadline,
                free_us,
            } => {
                let waited_us = now.saturating_since(since).min(free_us);
                Some(Self::Ticking {
                    deadline: deadline.plus_us(waited_us),
                    free_us: free_us - waited_us,
                })
            }
            Self::Finishing { .. } => Some(self),
        }
    }

    /// The hook reported; `None` if it had done so before.
    pub(super) fn reported(self, finish_limit_us: u64, now: Time) -> Option<Self> {
        match self {
            Self::Ticking { .. } | Self::Stopped { .. } => Some(Self::Finishing {
                deadline: now.plus_us(finish_limit_us),
            }),
            Self::Finishing { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKING: WallClock = WallClock::Ticking {
        deadline: Time(100),
        free_us: 30,
    };

    #[test]
    fn waits_move_the_deadline_by_what_they_took_up_to_the_cap() {
        let mut clock = TICKING;
        for (from, to, waiting, after) in
            [(10, 15, 130, 105), (20, 40, 130, 125), (50, 90, 130, 130)]
        {
            clock = clock.stopped(Time(from)).unwrap();
            assert_eq!(clock.deadline(), Time(waiting));
            clock = clock.resumed(Time(to)).unwrap();
            assert_eq!(clock.deadline(), Time(after));
        }
        clock = clock.stopped(Time(95)).unwrap();
        assert_eq!(clock.deadline(), Time(130), "the cap is used up");
    }

    #[test]
    fn what_is_doubled_is_refused() {
        assert_eq!(TICKING.resumed(Time(10)), None);
        let stopped = TICKING.stopped(Time(10)).unwrap();
        assert_eq!(stopped.stopped(Time(11)), None);
        let finishing = stopped.reported(50, Time(12)).unwrap();
        assert_eq!(finishing.reported(50, Time(13)), None);
    }

    #[test]
    fn after_the_report_host_calls_move_nothing() {
        for clock in [TICKING, TICKING.stopped(Time(10)).unwrap()] {
            let finishing = clock.reported(500, Time(20)).unwrap();
            assert_eq!(finishing.deadline(), Time(520));
            let mut later = finishing.resumed(Time(30)).unwrap();
            later = later.stopped(Time(40)).unwrap();
            assert_eq!(later, finishing);
        }
    }

    #[test]
    fn a_deadline_that_never_comes_never_comes_later_either() {
        let clock = WallClock::Ticking {
            deadline: Time(u64::MAX),
            free_us: u64::MAX,
        };
        let clock = clock.stopped(Time(10)).unwrap();
        assert_eq!(clock.deadline(), Time(u64::MAX));
        assert_eq!(clock.resumed(Time(20)).unwrap().deadline(), Time(u64::MAX));
    }
}
