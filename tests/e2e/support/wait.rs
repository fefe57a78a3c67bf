//! `eventually`: waits for a fact instead of for a time.

use std::time::{Duration, Instant};

/// Far above anything that works, so that only what never happens fails.
const DEADLINE: Duration = Duration::from_secs(120);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(3);

/// Looks until `look` finds something, and returns it.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            start.elapsed() < DEADLINE,
            "not within {DEADLINE:?}: {what}"
        );
        std::thread::park_timeout(PAUSE);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests of whole processes wait in real time"
)]
fn now() -> Instant {
    Instant::now()
}
