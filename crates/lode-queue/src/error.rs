//! `QueueError`: what a caller of the queue can act on.

use thiserror::Error;

/// Why a step of the queue did not happen.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The address of the queue is wrong; the text names what is allowed.
    #[error("bad queue address: {0}")]
    Address(String),
    /// The queue cannot be reached or cannot take writes now. Try again with backoff. A step that
    /// failed so may have taken effect: only its answer is known to be missing.
    #[error("queue unavailable: {0}")]
    Unavailable(String),
    /// The server is too old, and stays so.
    #[error("unsupported server: {0}")]
    Unsupported(String),
    /// The queue has jobs of another version of Lode. Nothing was changed, and the text says what to
    /// do.
    #[error("another version's queue: {0}")]
    Layout(String),
    /// The server or file refused the step; trying again changes nothing.
    #[error("queue refused `{step}`: {reason}")]
    Refused {
        /// The step, such as `settle`.
        step: &'static str,
        /// The words of the server or of SQLite.
        reason: String,
    },
}

impl QueueError {
    /// True when trying the same step again can succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Address(_) | Self::Unsupported(_) | Self::Layout(_) | Self::Refused { .. } => {
                false
            }
        }
    }
}
