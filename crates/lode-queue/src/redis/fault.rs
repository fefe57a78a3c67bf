//! From Redis's errors to `QueueError`: what passes by itself and what does not.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::error::QueueError;

/// Codes that say "not now": a failover, a start, a full or overloaded server.
const PASSING: [&str; 12] = [
    "BUSY",
    "CLUSTERDOWN",
    "LOADING",
    "MASTERDOWN",
    "MAXCLIENTS",
    "MISCONF",
    "NOREPLICAS",
    "NOSCRIPT",
    "OOM",
    "READONLY",
    "TRYAGAIN",
    "UNBLOCKED",
];

/// Sorts one failure of `step`.
pub(crate) fn queue_error(step: &'static str, error: &RedisError) -> QueueError {
    let (kind, text) = (error.kind(), error.to_string());
    let is_one_of = |kinds: &[ErrorKind]| kinds.contains(&kind);
    // A connection lost in the middle of an answer shows up as half an answer: `Parse`.
    let lost = [
        ErrorKind::Io,
        ErrorKind::Parse,
        ErrorKind::ClusterConnectionNotFound,
    ];
    if is_one_of(&lost) || is_passing(error) {
        QueueError::Unavailable(text)
    } else if is_one_of(&[ErrorKind::RESP3NotSupported]) {
        QueueError::Unsupported("the server is older than Redis 6.2".to_owned())
    } else if is_one_of(&[ErrorKind::InvalidClientConfig]) {
        QueueError::Address(text)
    } else {
        QueueError::Refused { step, reason: text }
    }
}

/// True when this connection leads to a server that no longer takes writes: after a failover
/// behind one address only a new connection reaches the new primary.
pub(crate) fn needs_new_connection(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly) || names(error, "READONLY")
}

fn is_passing(error: &RedisError) -> bool {
    PASSING.iter().any(|code| names(error, code))
}

/// True when the error has this code, or passes it on from inside a script (`-CODE …`), which is
/// how Redis 6.2 reports what a script's command failed with.
fn names(error: &RedisError, code: &str) -> bool {
    let inside = |detail: &str| detail.contains(&format!("-{code} "));
    error.code() == Some(code) || error.detail().is_some_and(inside)
}

#[cfg(test)]
mod tests {
    use redis::{Value, parse_redis_value};

    use super::{needs_new_connection, queue_error};
    use crate::error::QueueError;

    #[track_caller]
    fn check(line: &str, transient: bool, reconnects: bool) {
        let value = parse_redis_value(format!("-{line}\r\n").as_bytes()).expect("a whole reply");
        let Value::ServerError(error) = value else {
            panic!("no error: {value:?}")
        };
        let error = error.into();
        let found: QueueError = queue_error("test", &error);
        assert_eq!(found.is_transient(), transient, "{found}");
        assert_eq!(needs_new_connection(&error), reconnects, "{found}");
    }

    #[test]
    fn what_passes_by_itself_is_transient() {
        check(
            "OOM command not allowed when used memory > 'maxmemory'.",
            true,
            false,
        );
        check(
            "LOADING Redis is loading the dataset in memory",
            true,
            false,
        );
        check(
            "READONLY You can't write against a read only replica.",
            true,
            true,
        );
        check(
            "ERR Error running script: @user_script:1: -READONLY You can't write",
            true,
            true,
        );
        check(
            "MISCONF Redis is configured to save RDB snapshots",
            true,
            false,
        );
        check("WRONGTYPE Operation against a key", false, false);
        check("NOPERM this user has no permissions", false, false);
    }
}
