//! What a seed decides: the pool's size and patience, and how each process and job behaves.

use fastrand::Rng;
use lode_core::{AppKey, Breach, HookKey, PoolOptions};
use lode_proto::{ChildExit, ExitCause};

pub(crate) const MS: u64 = 1_000;

pub(crate) const SIGKILL: ExitCause = ExitCause::Signal(9);

/// True in `percent` of 100 cases.
pub(crate) fn chance(rng: &mut Rng, percent: u32) -> bool {
    rng.u32(0..100) < percent
}

/// Small numbers everywhere, so that limits meet; all inside their bounds, so that the shadow
/// may use them as they are.
pub(crate) fn options(rng: &mut Rng) -> PoolOptions {
    let max_children = rng.usize(1..=10);
    let backoff_min_us = rng.u64(1..20 * MS);
    let hook_backoff_min_us = rng.u64(1..10 * MS);
    let reserve = rng.usize(0..max_children.min(4));
    PoolOptions {
        max_children,
        app_share: rng.usize(0..=max_children - reserve),
        reserve,
        waiting_room: rng.usize(0..=max_children * 2),
        warm: rng.usize(1..=max_children.min(5)),
        zygote_forks_max: rng.u64(1..40),
        zygote_age_max_us: rng.u64(5 * MS..1_000 * MS),
        start_limit_us: rng.u64(20 * MS..150 * MS),
        hard_grace_us: rng.u64(0..20 * MS),
        exit_grace_us: rng.u64(1..10 * MS),
        backoff_min_us,
        backoff_max_us: backoff_min_us + rng.u64(0..80 * MS),
        hook_backoff_min_us,
        hook_backoff_max_us: hook_backoff_min_us + rng.u64(0..60 * MS),
    }
}

/// Whose job it is and what it runs: one app floods the others, and each has two hooks.
pub(crate) fn app_and_hook(rng: &mut Rng) -> (AppKey, HookKey) {
    let app = if rng.bool() { 1 } else { rng.u64(1..=5) };
    (AppKey(app), HookKey(app * 2 + rng.u64(0..2)))
}

/// How a zygote behaves from its start on. Times count from the start.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ZygoteFate {
    Serves {
        ready_us: u64,
    },
    DiesStarting {
        at_us: u64,
    },
    NeverReady,
    DiesServing {
        ready_us: u64,
        at_us: u64,
    },
    /// It neither forks nor reaps from then on.
    GetsStuck {
        ready_us: u64,
        at_us: u64,
    },
}

pub(crate) fn zygote_fate(rng: &mut Rng, faults: bool) -> ZygoteFate {
    let ready_us = rng.u64(MS..15 * MS);
    let at_us = ready_us + rng.u64(0..300 * MS);
    match if faults { rng.u32(0..100) } else { 99 } {
        0..8 => ZygoteFate::DiesStarting { at_us: ready_us },
        8..13 => ZygoteFate::NeverReady,
        13..23 => ZygoteFate::DiesServing { ready_us, at_us },
        23..30 => ZygoteFate::GetsStuck { ready_us, at_us },
        _ => ZygoteFate::Serves { ready_us },
    }
}

/// How a child behaves until it gets a job. Times count from one to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ChildFate {
    GetsReady {
        spawned_us: u64,
        ready_us: u64,
    },
    /// The zygote says that there is no such child.
    ForkFails {
        after_us: u64,
    },
    NeverSpawned,
    NeverReady {
        spawned_us: u64,
    },
    DiesStarting {
        spawned_us: u64,
        after_us: u64,
    },
    DiesIdle {
        spawned_us: u64,
        ready_us: u64,
        after_us: u64,
    },
    Breaks {
        spawned_us: u64,
        ready_us: u64,
        after_us: u64,
    },
}

pub(crate) fn child_fate(rng: &mut Rng, faults: bool) -> ChildFate {
    let spawned_us = rng.u64(0..2 * MS);
    let ready_us = rng.u64(0..3 * MS);
    let after_us = rng.u64(0..60 * MS);
    match if faults { rng.u32(0..100) } else { 99 } {
        0..3 => ChildFate::ForkFails {
            after_us: spawned_us,
        },
        3..6 => ChildFate::NeverSpawned,
        6..9 => ChildFate::NeverReady { spawned_us },
        9..13 => ChildFate::DiesStarting {
            spawned_us,
            after_us: ready_us,
        },
        13..20 => ChildFate::DiesIdle {
            spawned_us,
            ready_us,
            after_us,
        },
        20..23 => ChildFate::Breaks {
            spawned_us,
            ready_us,
            after_us,
        },
        _ => ChildFate::GetsReady {
            spawned_us,
            ready_us,
        },
    }
}

/// How a run behaves. Times count from its start.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RunFate {
    Reports {
        at_us: u64,
        exit_us: u64,
    },
    /// Its host calls go on after its report, which gives them a limit.
    ReportsEarly {
        at_us: u64,
        finish_limit_us: u64,
        done_us: u64,
    },
    /// The process stays after its report.
    ReportsAndStays {
        at_us: u64,
    },
    /// Two reports, as only a child that was taken over sends.
    ReportsTwice {
        at_us: u64,
    },
    Hangs,
    Dies {
        at_us: u64,
        cause: ExitCause,
    },
    Breaks {
        at_us: u64,
        breach: Breach,
    },
}

/// The hard deadline is `limit_us` after the start; many fates meet it to the microsecond.
pub(crate) fn run_fate(rng: &mut Rng, faults: bool, limit_us: u64) -> RunFate {
    let at_us = match rng.u32(0..10) {
        0 => (limit_us + rng.u64(0..5)).saturating_sub(2),
        1 => limit_us + rng.u64(0..5 * MS),
        _ => rng.u64(0..=limit_us),
    };
    let exit_us = rng.u64(0..MS);
    let finish_limit_us = rng.u64(1..20 * MS);
    let slack_us = u64::from(faults) * MS;
    let done_us = rng.u64(0..finish_limit_us + slack_us);
    match if faults { rng.u32(0..100) } else { 99 } {
        0..8 => RunFate::ReportsAndStays { at_us },
        8..12 => RunFate::ReportsTwice { at_us },
        12..20 => RunFate::Hangs,
        20..38 => RunFate::Dies {
            at_us,
            cause: cause(rng),
        },
        38..45 => RunFate::Breaks {
            at_us,
            breach: breach(rng),
        },
        45..55 => RunFate::ReportsEarly {
            at_us,
            finish_limit_us,
            done_us,
        },
        _ => RunFate::Reports { at_us, exit_us },
    }
}

/// The times that the master spends on a run's host calls: the first from `at_us` after the start of
/// the run, each further one as long after the one before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HostCalls {
    pub(crate) rounds: u64,
    pub(crate) at_us: u64,
    pub(crate) len_us: u64,
    /// Times that the shell tells of the start, and of the end.
    pub(crate) told: (u64, u64),
}

pub(crate) fn host_calls(rng: &mut Rng, faults: bool, limit_us: u64) -> Option<HostCalls> {
    chance(rng, 40).then(|| HostCalls {
        rounds: rng.u64(1..=3),
        at_us: rng.u64(0..=limit_us / 2),
        len_us: rng.u64(0..40 * MS),
        told: match if faults { rng.u32(0..10) } else { 9 } {
            0 => (1, 0),
            1 => (0, 1),
            2 => (2, 1),
            3 => (1, 2),
            _ => (1, 1),
        },
    })
}

/// Any way to die, the suspicious ones less often than the others: each costs a zygote.
pub(crate) fn cause(rng: &mut Rng) -> ExitCause {
    match rng.u32(0..17) {
        0..2 => ExitCause::Exited(ChildExit::OutOfMemory),
        2 => ExitCause::Exited(ChildExit::Reported),
        3 => ExitCause::Exited(ChildExit::SocketLost),
        4 => ExitCause::Exited(ChildExit::BadFrame),
        5 => ExitCause::Exited(ChildExit::NotConfined),
        6 => ExitCause::Exited(ChildExit::EngineFatal),
        7..9 => ExitCause::Exited(ChildExit::Panicked),
        9 => ExitCause::UnknownCode(rng.i32(1..70)),
        10 => ExitCause::Signal(11),
        11 => ExitCause::Signal(31),
        12 => ExitCause::Signal(6),
        13 => ExitCause::ZygoteLost,
        14 => ExitCause::Signal(24),
        _ => SIGKILL,
    }
}

pub(crate) fn breach(rng: &mut Rng) -> Breach {
    match rng.u32(0..8) {
        0 => Breach::Protocol,
        1 => Breach::HostCalls,
        2 => Breach::Traffic,
        3..5 => Breach::Memory,
        5 => Breach::ForbiddenCall,
        _ => Breach::ResultSize,
    }
}
