//! What the server or the way to it said, as errors of ours. None of them has the password.

use std::error::Error as _;
use std::fmt;

use deadpool_postgres::PoolError;
use tokio_postgres::error::{DbError, SqlState};

use crate::StoreError;
use crate::limits::OPERATION_MS_MAX;

/// The words about one failure.
#[derive(Debug)]
pub(super) struct Fault {
    code: Option<SqlState>,
    words: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Fault {}

/// Turns an error of the client into ours, with the step that failed.
pub(super) fn failed(step: &'static str) -> impl FnOnce(tokio_postgres::Error) -> StoreError {
    move |error| {
        let code = error.code();
        if code == Some(&SqlState::QUERY_CANCELED) {
            return StoreError::OperationTooLong {
                limit_ms: OPERATION_MS_MAX,
                advice: "",
            };
        }
        if code == Some(&SqlState::UNIQUE_VIOLATION)
            && error.as_db_error().and_then(DbError::constraint) == Some("usernames")
        {
            return StoreError::DuplicateUsername;
        }
        if code == Some(&SqlState::CHARACTER_NOT_IN_REPERTOIRE) {
            return StoreError::bad_document(format!(
                "the store failed to {step}: a text of it contains NUL (U+0000), which Postgres \
                 cannot keep there; allowed is any other character"
            ));
        }
        StoreError::unavailable(step, Fault::of(&error))
    }
}

/// Whether the same transaction may succeed when it is tried again: it was the victim of a
/// deadlock, or of two that could not both have been first.
pub(super) fn is_worth_a_retry(error: &StoreError) -> bool {
    let StoreError::Unavailable { source, .. } = error else {
        return false;
    };
    source
        .downcast_ref::<Fault>()
        .and_then(|fault| fault.code.as_ref())
        .is_some_and(|code| {
            [
                SqlState::T_R_DEADLOCK_DETECTED,
                SqlState::T_R_SERIALIZATION_FAILURE,
            ]
            .contains(code)
        })
}

impl Fault {
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        if let Some(said) = error.as_db_error() {
            return Self {
                code: Some(said.code().clone()),
                words: words_of(said),
            };
        }
        let mut words = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            words.push_str(": ");
            words.push_str(&inner.to_string());
            source = inner.source();
        }
        Self { code: None, words }
    }

    pub(super) fn of_pool(error: &PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::of(error),
            PoolError::Timeout(_)
            | PoolError::Closed
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_) => Self {
                code: None,
                words: error.to_string(),
            },
        }
    }

    /// What whoever wrote the address can do about it, when that can be told.
    pub(super) fn advice(&self) -> &'static str {
        let is = |codes: &[SqlState]| self.code.as_ref().is_some_and(|code| codes.contains(code));
        if is(&[
            SqlState::INVALID_PASSWORD,
            SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        ]) {
            "check the user and the password in the address, and the server's pg_hba.conf"
        } else if is(&[SqlState::INVALID_CATALOG_NAME]) {
            "create the database, or name another in the address"
        } else if is(&[SqlState::INSUFFICIENT_PRIVILEGE]) {
            "let the user create a schema in the database, or own the one that is there"
        } else if self.words.contains("password missing") {
            "the server asks for a password: give one in the address"
        } else if self.words.contains("does not support TLS") {
            "the server speaks no TLS: turn it on there, or give sslmode=disable on a network that \
             nobody else hears"
        } else if self.words.contains("TLS handshake") {
            "sslrootcert=FILE names the authority of the server's certificate, which must be for \
             the host of the address"
        } else {
            "check that the server runs and accepts connections there"
        }
    }
}

/// The table first: a refused row says little without it.
fn words_of(said: &DbError) -> String {
    let mut words = said.message().to_owned();
    if let Some(table) = said.table() {
        words = format!("table {table}: {words}");
    }
    if let Some(constraint) = said.constraint() {
        words.push_str(&format!("; the rule is {constraint}"));
    }
    for more in [said.detail(), said.hint()].into_iter().flatten() {
        words.push_str("; ");
        words.push_str(more);
    }
    format!("{words} (SQLSTATE {})", said.code().code())
}
