//! The master's clock: the one place that reads it, and waiting for it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time.
#[expect(
    clippy::disallowed_methods,
    reason = "the shell hands the time to everybody else"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since 1970 by this machine's clock; 0 before that. Only for what people are shown and
/// what they ask for: workers go by the queue's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "a moment that a person names is compared with the present"
)]
pub(crate) fn unix_ms() -> u64 {
    let age = SystemTime::now().duration_since(UNIX_EPOCH);
    age.map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
}

/// Waits for an instant, or for ever.
pub(crate) async fn wait_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

/// Whole microseconds; `u64::MAX` for more than fit.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
