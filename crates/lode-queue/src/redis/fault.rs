//! From Redis's errors to `QueueError`: what passes by itself and what does not.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::nodes::Remedy;
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

/// Codes after which this server may no longer be the right one to ask.
const ELSEWHERE: [&str; 6] = [
    "CLUSTERDOWN",
    "LOADING",
    "MASTERDOWN",
    "NOAUTH",
    "NOREPLICAS",
    "UNBLOCKED",
];

/// What a script meets when its queue's slot is being moved to another node.
const MOVING: &str = "attempted to access a non local key";

/// What a script says of a queue that another version laid out; see layout.lua.
const OTHER_LAYOUT: &str = "OTHERLAYOUT";

/// Why a server could not be reached. Never holds a password.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) text: String,
    /// True for a login or a certificate that is not accepted: waiting does not help.
    pub(super) refused: bool,
}

impl Fault {
    pub(super) fn passing(text: String) -> Self {
        Self {
            text,
            refused: false,
        }
    }

    /// What kept us from connecting to `what`.
    pub(super) fn of_connecting(what: &str, error: &RedisError, limit: Duration) -> Self {
        let io = io_error(error).map(io::Error::kind);
        if let Some(fault) = Self::of_tls(what, error) {
            fault
        } else if error.kind() == ErrorKind::AuthenticationFailed {
            Self {
                text: format!("{what} refused the user or the password"),
                refused: true,
            }
        } else if io == Some(io::ErrorKind::TimedOut) || error.is_timeout() {
            Self::passing(format!("{what} did not answer within {limit:?}"))
        } else if error.is_io_error() {
            Self::passing(format!("{what} cannot be reached: {error}"))
        } else {
            Self::of_answer(what, error)
        }
    }

    /// What was wrong with TLS, if that it was. A client's certificate is refused only after the
    /// client has sent its first command.
    pub(super) fn of_tls(what: &str, error: &RedisError) -> Option<Self> {
        let kind = io_error(error)?.kind();
        (kind == io::ErrorKind::InvalidData).then(|| Self {
            text: format!("{what}: no TLS connection: {error}"),
            refused: true,
        })
    }

    /// What `what` answered instead of serving.
    pub(super) fn of_answer(what: &str, error: &RedisError) -> Self {
        Self {
            text: format!("{what} answered: {error}"),
            refused: is_login_fault(error),
        }
    }

    /// The fault as an error of the client library, for [`queue_error`] to take out again.
    pub(super) fn into_error(self) -> RedisError {
        carry(QueueError::Unavailable(self.text))
    }
}

/// Several faults as one.
pub(super) fn together(what: &str, faults: Vec<Fault>) -> Fault {
    let refused = faults.iter().any(|fault| fault.refused);
    let texts: Vec<String> = faults.into_iter().map(|fault| fault.text).collect();
    Fault {
        text: format!("{what}: {}", texts.join("; ")),
        refused,
    }
}

/// Puts an error of ours where the client library expects one of its own.
pub(super) fn carry(error: QueueError) -> RedisError {
    io::Error::other(error).into()
}

fn io_error(error: &RedisError) -> Option<&io::Error> {
    error
        .source()?
        .downcast_ref::<Arc<dyn Error + Send + Sync>>()?
        .downcast_ref()
}

/// Sorts one failure of `step`.
pub(crate) fn queue_error(step: &'static str, error: &RedisError) -> QueueError {
    let carried = io_error(error)
        .and_then(io::Error::get_ref)
        .and_then(|inner| inner.downcast_ref::<QueueError>());
    if let Some(ours) = carried {
        return ours.clone();
    }
    let (kind, text) = (error.kind(), error.to_string());
    if is_lost(error) || is_passing(error) {
        QueueError::Unavailable(text)
    } else if text.contains(MOVING) {
        QueueError::Unavailable(format!("the queue's slot is being moved: {text}"))
    } else if let Some((_, what)) = text.split_once(OTHER_LAYOUT) {
        QueueError::Layout(what.trim_start_matches(['"', ':', ' ']).to_owned())
    } else if kind == ErrorKind::RESP3NotSupported {
        QueueError::Unsupported("the server is older than Redis 6.2".to_owned())
    } else if kind == ErrorKind::InvalidClientConfig {
        QueueError::Address(text)
    } else {
        let hint = if kind == ServerErrorKind::Moved.into() {
            "; the server is a cluster's: use redis+cluster://"
        } else if is_permission_fault(error) {
            "; ACL LOG on the server names the command or key"
        } else {
            ""
        };
        let reason = format!("{text}{hint}");
        QueueError::Refused { step, reason }
    }
}

/// What a failure means for the connection it came on.
pub(super) fn moves_on(error: &RedisError) -> Remedy {
    if names(error, "READONLY") {
        // After a failover; a replica refuses a script's first write, so nothing was done.
        Remedy::ReplaceAndRepeat
    } else if is_lost(error) || ELSEWHERE.iter().any(|code| names(error, code)) {
        Remedy::Replace
    } else {
        Remedy::Keep
    }
}

/// True when the server does not take the login, or the login may not do this.
pub(super) fn is_login_fault(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || ["NOAUTH", "WRONGPASS", "NOPERM"]
            .iter()
            .any(|code| names(error, code))
}

/// True when the server asks for a login on a connection that had none.
pub(super) fn lost_login(error: &RedisError) -> bool {
    names(error, "NOAUTH") || names(error, "WRONGPASS")
}

fn is_permission_fault(error: &RedisError) -> bool {
    names(error, "NOPERM")
        || error
            .to_string()
            .contains("The user executing the script can't")
}

/// A connection lost in the middle of an answer shows up as half an answer: `Parse`.
fn is_lost(error: &RedisError) -> bool {
    [ErrorKind::Io, ErrorKind::Parse].contains(&error.kind())
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

    use super::{carry, moves_on, queue_error};
    use crate::error::QueueError;
    use crate::redis::nodes::Remedy;

    #[track_caller]
    fn check(line: &str, transient: bool, remedy: Remedy) {
        let value = parse_redis_value(format!("-{line}\r\n").as_bytes()).expect("a whole reply");
        let Value::ServerError(error) = value else {
            panic!("no error: {value:?}")
        };
        let error = error.into();
        let found: QueueError = queue_error("test", &error);
        assert_eq!(found.is_transient(), transient, "{found}");
        assert_eq!(moves_on(&error), remedy, "{found}");
    }

    #[test]
    fn what_passes_by_itself_is_transient() {
        for line in [
            "OOM command not allowed when used memory > 'maxmemory'.",
            "MISCONF Redis is configured to save RDB snapshots",
            "TRYAGAIN Multiple keys request during rehashing of slot",
            "ERR Script attempted to access a non local key in a cluster node",
        ] {
            check(line, true, Remedy::Keep);
        }
        for line in [
            "LOADING Redis is loading the dataset in memory",
            "CLUSTERDOWN The cluster is down",
            "MASTERDOWN Link with MASTER is down",
            "NOREPLICAS Not enough good replicas to write.",
            "UNBLOCKED force unblock from blocking operation",
        ] {
            check(line, true, Remedy::Replace);
        }
        for line in [
            "READONLY You can't write against a read only replica.",
            "ERR Error running script: @user_script:1: -READONLY You can't write",
        ] {
            check(line, true, Remedy::ReplaceAndRepeat);
        }
        for line in [
            "WRONGTYPE Operation against a key",
            "NOPERM this user has no permissions",
            "MOVED 1 127.0.0.1:1",
        ] {
            check(line, false, Remedy::Keep);
        }
    }

    #[test]
    fn an_error_of_ours_crosses_the_client_library_unchanged() {
        let ours = QueueError::Refused {
            step: "connect",
            reason: "because".to_owned(),
        };
        let back = queue_error("lease", &carry(ours));
        assert_eq!(back.to_string(), "queue refused `connect`: because");
    }
}
