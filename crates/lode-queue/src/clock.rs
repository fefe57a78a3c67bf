//! The wall clock of the SQLite queue, read in this one place. Redis uses its server's clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since 1970; 0 on a machine whose clock stands before that.
#[expect(
    clippy::disallowed_methods,
    reason = "leases are shared by processes, and the wall clock is the one clock they share"
)]
pub(crate) fn now_us() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |age| i64::try_from(age.as_micros()).unwrap_or(i64::MAX))
}
