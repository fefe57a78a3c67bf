//! `Clock`: microseconds since the drill's start, for everything that is seen of it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// See the file's head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: Instant,
    /// The start on the wall clock, which logs and hooks go by.
    wall_us: u64,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests of whole processes run in real time"
    )]
    pub(super) fn start() -> Self {
        Self {
            start: Instant::now(),
            wall_us: since_1970_us(SystemTime::now()),
        }
    }

    pub(super) fn now_us(&self) -> u64 {
        micros(self.start.elapsed())
    }

    /// The time here of a time on the wall clock; what was before the start counts as the start.
    pub(super) fn of_wall(&self, at: SystemTime) -> u64 {
        since_1970_us(at).saturating_sub(self.wall_us)
    }
}

fn since_1970_us(at: SystemTime) -> u64 {
    micros(at.duration_since(UNIX_EPOCH).unwrap())
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap()
}
