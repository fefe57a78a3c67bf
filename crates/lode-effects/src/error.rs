//! What can go wrong with an effect: it makes no sense, or it could not be sent.

/// What a hook asked for makes no sense, or is more than is allowed. The text is the tenant's to read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Invalid {
    /// Such as `EmailInvalid`; hooks may branch on it.
    pub code: &'static str,
    /// What was wrong and what is allowed.
    pub text: String,
}

impl Invalid {
    pub(crate) fn email(text: impl Into<String>) -> Self {
        Self {
            code: "EmailInvalid",
            text: text.into(),
        }
    }

    pub(crate) fn push(text: impl Into<String>) -> Self {
        Self {
            code: "PushInvalid",
            text: text.into(),
        }
    }
}

/// An effect was not sent, or nobody knows whether it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    /// Another try would end the same.
    pub is_final: bool,
    /// What happened, in one line of at most 500 characters.
    pub text: String,
}

/// Characters of a failure's text: servers may answer with pages.
const TEXT_CHARS_MAX: usize = 500;

impl Failure {
    /// Another try may end better.
    pub(crate) fn passing(text: impl AsRef<str>) -> Self {
        Self::new(false, text.as_ref())
    }

    /// Another try would end the same.
    pub(crate) fn lasting(text: impl AsRef<str>) -> Self {
        Self::new(true, text.as_ref())
    }

    pub(crate) fn new(is_final: bool, text: &str) -> Self {
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        Self {
            is_final,
            text: text.chars().take(TEXT_CHARS_MAX).map(printable).collect(),
        }
    }
}

/// An error and everything behind it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    text
}
