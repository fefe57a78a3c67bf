//! [`Fault`]: why a request fails before, between and after its hooks, in Kinvey's words.

use std::error::Error;
use std::iter::successors;

use lode_proto::{ErrorInfo, HookResponse, Tag};
use lode_store::StoreError;

use crate::{Reply, Request, RunError};

/// An error of Kinvey's API that no hook has made. Hooks' own errors come with their outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 404.
    AppNotFound,
    /// 404.
    EntityNotFound,
    /// 404.
    EndpointDoesNotExist,
    /// 401: the header `Authorization` proves nothing.
    InvalidCredentials,
    /// 401: the entity is there, and this user may not do that to it.
    InsufficientCredentials,
    /// 409.
    UserAlreadyExists,
    /// 400: `query`, `sort` or `fields` cannot be understood.
    InvalidQuerySyntax,
    /// 400: the query holds `$where` or `$query`.
    DisallowedQuerySyntax,
    /// 400: a `DELETE` on a collection without a query.
    MissingQuery,
    /// 400: `limit` or `skip`, or more than the store does in one operation.
    ParameterValueOutOfRange,
    /// 400: the entity to be saved is no object.
    IncompleteRequestBody,
    /// 400: whatever else the caller can mend.
    BadRequest,
    /// 500: the same request may succeed later. Kinvey says so of an `_id` that is taken, too.
    KinveyInternalErrorRetry,
    /// 500: only the operator can help.
    KinveyInternalErrorStop,
}

impl Fault {
    /// Name, HTTP status and description: the one table.
    #[must_use]
    pub fn verdict(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::AppNotFound => ("AppNotFound", 404, "This app backend not found"),
            Self::EntityNotFound => (
                "EntityNotFound",
                404,
                "This entity not found in the collection",
            ),
            Self::EndpointDoesNotExist => (
                "EndpointDoesNotExist",
                404,
                "The custom endpoint you tried to access does not exist. Please configure custom \
                 Business Logic endpoints through the Kinvey Console.",
            ),
            Self::InvalidCredentials => (
                "InvalidCredentials",
                401,
                "Invalid credentials. Please retry your request with correct credentials",
            ),
            Self::InsufficientCredentials => (
                "InsufficientCredentials",
                401,
                "The credentials used to authenticate this request are not authorized to run this \
                 operation. Please retry your request with appropriate credentials",
            ),
            Self::UserAlreadyExists => (
                "UserAlreadyExists",
                409,
                "This username is already taken. Please retry your request with a different \
                 username",
            ),
            Self::InvalidQuerySyntax => (
                "InvalidQuerySyntax",
                400,
                "The query string in the request has an invalid syntax",
            ),
            Self::DisallowedQuerySyntax => (
                "DisallowedQuerySyntax",
                400,
                "The query string in the request contains disallowed syntax",
            ),
            Self::MissingQuery => ("MissingQuery", 400, "The request is missing a query string"),
            Self::ParameterValueOutOfRange => (
                "ParameterValueOutOfRange",
                400,
                "The value specified for one of the request parameters is out of range",
            ),
            Self::IncompleteRequestBody => (
                "IncompleteRequestBody",
                400,
                "The request body is either missing or incomplete",
            ),
            Self::BadRequest => ("BadRequest", 400, "Unable to understand request"),
            Self::KinveyInternalErrorRetry => (
                "KinveyInternalErrorRetry",
                500,
                "The Kinvey server encountered an unexpected error. Please retry your request",
            ),
            Self::KinveyInternalErrorStop => (
                "KinveyInternalErrorStop",
                500,
                "The Kinvey server encountered an unexpected error. Please contact \
                 support@kinvey.com for assistance",
            ),
        }
    }

    /// This fault with its detail.
    pub(crate) fn because(self, debug: impl Into<String>) -> Failure {
        let (name, status, description) = self.verdict();
        Failure {
            status,
            info: ErrorInfo {
                error: name.to_owned(),
                description: description.to_owned(),
                debug: debug.into(),
                stack: None,
            },
            cause: None,
        }
    }
}

/// A failure on its way to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    status: u16,
    info: ErrorInfo,
    /// What went wrong inside the platform: for its own log, not for clients.
    cause: Option<Box<str>>,
}

impl Failure {
    /// An error as an outcome of this tag has it; `tag` is no success.
    pub(crate) fn of_tag(tag: Tag, debug: String) -> Self {
        match (tag.verdict().2, ErrorInfo::for_tag(tag, debug, None)) {
            (Some(kinvey), Some(info)) => Self {
                status: kinvey.status,
                info,
                cause: None,
            },
            _ => Fault::KinveyInternalErrorStop.because(""),
        }
    }

    /// The reply to this request; the log hears of what its client does not.
    pub(crate) fn into_reply(self, request: &Request) -> Reply {
        if let Some(cause) = self.cause.as_deref() {
            let Request {
                app, collection, ..
            } = request;
            tracing::error!(app, collection, error = cause, "the store failed a request");
        }
        Reply::from(HookResponse::of_failure(self.status, &self.info))
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let tag = match &error {
            RunError::NotStarted(_) => Tag::Expired,
            RunError::NoOutcome { .. } => Tag::HookTimeout,
            RunError::OutcomeLost(_) => Tag::WorkerLost,
        };
        Self::of_tag(tag, error.to_string())
    }
}

impl From<StoreError> for Failure {
    /// By the error's code, which is stable, and by whose fault it is.
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::DuplicateUsername) {
            return Fault::UserAlreadyExists.because(error.to_string());
        }
        let fault = match error.code() {
            "UnknownApp" => Fault::AppNotFound,
            "DisallowedQuerySyntax" => Fault::DisallowedQuerySyntax,
            "BadQuery" => Fault::InvalidQuerySyntax,
            "LimitExceeded" => Fault::ParameterValueOutOfRange,
            "DuplicateKey" => {
                return Fault::KinveyInternalErrorRetry
                    .because("An entity with that _id already exists in this collection");
            }
            // The app has too much under way: a little later there is room.
            "TooManyOperations" => Fault::KinveyInternalErrorRetry,
            _ if error.is_callers_fault() => Fault::BadRequest,
            _ if matches!(error, StoreError::Corrupt { .. }) => Fault::KinveyInternalErrorStop,
            _ => Fault::KinveyInternalErrorRetry,
        };
        if error.is_callers_fault() {
            return fault.because(error.to_string());
        }
        Self {
            cause: Some(with_sources(&error).into()),
            ..fault.because("")
        }
    }
}

/// The error's text and those of all its sources.
fn with_sources(error: &dyn Error) -> String {
    let all = successors(Some(error), |error: &&dyn Error| (*error).source());
    all.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_store_failed_at_is_for_the_log_with_all_its_sources_and_not_for_clients() {
        let source = StoreError::Unavailable {
            step: "open the file".to_owned(),
            source: "disk full".into(),
        };
        let failure = Failure::from(StoreError::Unavailable {
            step: "insert".to_owned(),
            source: Box::new(source),
        });
        let told = "the store failed to insert: the store failed to open the file: disk full";
        assert_eq!(failure.cause.as_deref(), Some(told));
        assert_eq!(failure.info.debug, "");
        let callers = Failure::from(StoreError::BadQuery("no".to_owned()));
        assert_eq!((callers.cause, callers.info.debug.as_str()), (None, "no"));
    }
}
