//! How a request can fail, in words that a tenant may read.

/// Why there is no reply. The texts name what was refused and what is allowed; of the worker's
/// surroundings they tell nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The app's rules or the address guard do not let the request out.
    #[error("{target} may not be called: {why}")]
    Denied {
        /// The host, with scheme and port where these decide.
        target: String,
        /// What is allowed instead.
        why: String,
    },
    /// The request itself is wrong.
    #[error("{0}")]
    BadRequest(String),
    /// The name has no address.
    #[error("the host name {host} could not be resolved")]
    Resolve {
        /// The name, normalised.
        host: String,
    },
    /// No address of the host accepted a connection.
    #[error("no connection to {host}: {why}")]
    Connect {
        /// Host and port.
        host: String,
        /// The kind of failure, without an address.
        why: String,
    },
    /// The deadline over everything has passed.
    #[error("no complete reply from {host} within {limit_ms} ms, the time limit of this request")]
    Timeout {
        /// The host of the request's URL.
        host: String,
        /// Milliseconds.
        limit_ms: u64,
    },
    /// The request or the reply is larger than allowed.
    #[error("{what} is larger than {limit_bytes} bytes, which is the limit")]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// Bytes.
        limit_bytes: u64,
    },
    /// A redirect that is not followed.
    #[error("{0}")]
    Redirect(String),
    /// The host could not be trusted or does not speak TLS.
    #[error("no secure connection to {host}: {why}")]
    Tls {
        /// Host and port.
        host: String,
        /// What TLS said.
        why: String,
    },
    /// The host does not speak HTTP/1 as it should.
    #[error("{host} did not answer as HTTP asks: {why}")]
    Protocol {
        /// Host and port.
        host: String,
        /// What went wrong.
        why: String,
    },
}

impl EgressError {
    /// The error's stable name, for `error.code` in JavaScript.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "EgressDenied",
            Self::BadRequest(_) => "EgressBadRequest",
            Self::Resolve { .. } => "EgressResolve",
            Self::Connect { .. } => "EgressConnect",
            Self::Timeout { .. } => "EgressTimeout",
            Self::TooLarge { .. } => "EgressTooLarge",
            Self::Redirect(_) => "EgressRedirect",
            Self::Tls { .. } => "EgressTls",
            Self::Protocol { .. } => "EgressProtocol",
        }
    }
}
