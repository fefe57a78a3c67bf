//! The clocks of the store, read in this one place.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970; 0 on a machine whose clock stands before that.
#[expect(
    clippy::disallowed_methods,
    reason = "creation times and object ids are facts about the world; no decision hangs on them"
)]
pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
}

/// Now, to measure how long an operation runs.
#[expect(
    clippy::disallowed_methods,
    reason = "an operation must end by real time, whatever the time of the jobs"
)]
pub(crate) fn instant() -> Instant {
    Instant::now()
}
