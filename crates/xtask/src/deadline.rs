//! A deadline: waits for a predicate, and says what it waited for when it does not come true.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long to rest between two looks.
const REST: Duration = Duration::from_millis(5);

/// Asks `look` until it answers; an error of its own ends the waiting at once.
#[expect(
    clippy::disallowed_methods,
    reason = "xtask is a shell: it may look at the clock"
)]
pub(crate) fn wait<T>(
    limit: Duration,
    what: &str,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() >= end {
            bail!("{what} did not happen within {limit:?}");
        }
        std::thread::sleep(REST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_in_vain_says_for_what() {
        let error = wait(Duration::ZERO, "the tide", || Ok(None::<()>)).unwrap_err();
        assert_eq!(error.to_string(), "the tide did not happen within 0ns");
    }

    #[test]
    fn an_answer_at_the_last_look_counts() {
        let answer = wait(Duration::ZERO, "the tide", || Ok(Some(7)));
        assert_eq!(answer.expect("it was there"), 7);
    }
}
