//! The master's clock: the one place that reads it, and waiting for it.

use std::time::{Duration, Instant};

/// The time.
#[expect(
    clippy::disallowed_methods,
    reason = "the shell hands the time to everybody else"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
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
