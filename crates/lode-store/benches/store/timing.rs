//! Time of one operation, and what stands for many.

use std::time::{Duration, Instant};

use anyhow::Result;

/// How long it took; an error is nobody's time.
pub(crate) async fn timed<T>(work: impl Future<Output = Result<T>>) -> Result<(T, Duration)> {
    let start = now();
    let done = work.await?;
    Ok((done, start.elapsed()))
}

/// The median in microseconds.
pub(crate) fn median_us(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    middle.as_secs_f64() * 1e6
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn now() -> Instant {
    Instant::now()
}
