//! `TokenSource`: fencing tokens, no two alike.
//!
//! A counter kept in the queue would repeat itself after a failover that lost its last step, and
//! a stale worker could then settle a stranger's lease. So the uniqueness comes from the worker's
//! side: 64 random bits per handle and a count.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes one token stem per lease call; each job of the call gets the stem and its own number.
#[derive(Debug)]
pub(crate) struct TokenSource {
    nonce: u64,
    calls: AtomicU64,
}

impl TokenSource {
    /// A source unlike any other: `RandomState` is seeded by the operating system.
    pub(crate) fn new() -> Self {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u32(std::process::id());
        Self {
            nonce: hasher.finish(),
            calls: AtomicU64::new(0),
        }
    }

    /// The stem for one lease call.
    pub(crate) fn next(&self) -> String {
        format!(
            "{:016x}-{}",
            self.nonce,
            self.calls.fetch_add(1, Ordering::Relaxed)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::TokenSource;

    #[test]
    fn two_sources_give_different_tokens() {
        let (a, b) = (TokenSource::new(), TokenSource::new());
        let first = a.next();
        assert_ne!(first, a.next());
        assert_ne!(first, b.next());
    }
}
