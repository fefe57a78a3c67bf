//! What can go wrong in the store, each with its code, its status, and whose fault it is.

/// Any failure of a store call.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `$where` or `$query`: they would run code, or smuggle a second query past the checks.
    #[error("the query contains {operator}, which is not allowed here; use {allowed}")]
    DisallowedQuerySyntax {
        /// The refused operator.
        operator: String,
        /// The operators that may be used.
        allowed: String,
    },
    /// A part of the request that has no default was not given.
    #[error("the parameter `{parameter}` is missing: give {allowed}")]
    MissingRequiredParameter {
        /// Its name in the request.
        parameter: &'static str,
        /// What it may be.
        allowed: &'static str,
    },
    /// A query or its options that cannot be understood.
    #[error("{0}")]
    BadQuery(String),
    /// An update that cannot be understood, or cannot be carried out on a document that it meets.
    #[error("{0}")]
    BadUpdate(String),
    /// A document that cannot be stored.
    #[error("{0}")]
    BadDocument(String),
    /// An insert met a document with the same `_id`.
    #[error("the collection `{collection}` already has a document with _id {id}")]
    DuplicateKey {
        /// Where.
        collection: String,
        /// The `_id` as JSON.
        id: String,
    },
    /// Kinvey's collection `user` has no two documents with the same text as `username`.
    #[error("the collection `user` already has a document with that username")]
    DuplicateUsername,
    /// There is no such app.
    #[error("there is no app `{app}`")]
    UnknownApp {
        /// The id asked for.
        app: String,
    },
    /// The app's id is taken.
    #[error("the app `{app}` exists already")]
    AppExists {
        /// The id asked for.
        app: String,
    },
    /// The app has no hook of this name.
    #[error("the app `{app}` has no hook `{name}`")]
    UnknownHook {
        /// The app.
        app: String,
        /// The hook asked for.
        name: String,
    },
    /// The hook has no such version.
    #[error("the hook `{name}` of the app `{app}` has no {wanted}; it has versions 1 to {newest}")]
    UnknownVersion {
        /// The app.
        app: String,
        /// The hook.
        name: String,
        /// What was asked for: "version 7", or "version before 1".
        wanted: String,
        /// The newest version there is.
        newest: u64,
    },
    /// A name that is not allowed; the text says what is.
    #[error("{0}")]
    BadName(String),
    /// An app's limit outside its bounds.
    #[error("{0}")]
    BadLimits(String),
    /// A schedule that cannot be stored.
    #[error("{0}")]
    BadSchedule(String),
    /// A store address that cannot be used.
    #[error("{0}")]
    BadUrl(String),
    /// More than the store does in one call; see [`crate::limits`].
    #[error("{what} exceeds the limit of {limit}; {advice}")]
    LimitExceeded {
        /// What was too much.
        what: String,
        /// The limit with its unit.
        limit: String,
        /// What the caller can do.
        advice: &'static str,
    },
    /// The operation ran for as long as one may; nothing of it has happened.
    #[error(
        "the operation took more than the {limit_ms} ms that one may run, and was undone{advice}"
    )]
    OperationTooLong {
        /// How long one may run, in milliseconds.
        limit_ms: u64,
        /// What the caller can do, behind a semicolon; nothing when it can do nothing.
        advice: &'static str,
    },
    /// Too many operations of this app wait already.
    #[error(
        "the app `{app}` has {limit} operations waiting already, which is all it may have; start \
         new ones when some have finished"
    )]
    TooManyOperations {
        /// The app.
        app: String,
        /// How many may wait.
        limit: usize,
    },
    /// A stored document is not a JSON object any more.
    #[error("the document {id} in collection `{collection}` of app `{app}` is damaged: {reason}")]
    Corrupt {
        /// The app.
        app: String,
        /// The collection.
        collection: String,
        /// The stored form of its `_id`.
        id: String,
        /// What is wrong with the text.
        reason: String,
    },
    /// The database did not carry out a step.
    #[error("the store failed to {step}")]
    Unavailable {
        /// What was tried.
        step: String,
        /// The database's or the system's own words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Too many operations of all apps wait already.
    #[error("the store is overloaded: {limit} operations wait already")]
    Overloaded {
        /// How many may wait.
        limit: usize,
    },
    /// The database thread is gone, the operation panicked in it, or nobody waits for it any more.
    #[error("the store stopped before it finished the operation")]
    Stopped,
}

impl StoreError {
    /// The stable code, in the words of Kinvey's data proxy where it has one.
    pub fn code(&self) -> &'static str {
        match self {
            Self::DisallowedQuerySyntax { .. } => "DisallowedQuerySyntax",
            Self::MissingRequiredParameter { .. } => "MissingRequiredParameter",
            Self::BadQuery(_) => "BadQuery",
            Self::BadUpdate(_) => "BadUpdate",
            Self::BadDocument(_) => "BadDocument",
            Self::DuplicateKey { .. } | Self::DuplicateUsername => "DuplicateKey",
            Self::UnknownApp { .. } => "UnknownApp",
            Self::AppExists { .. } => "AppExists",
            Self::UnknownHook { .. } => "UnknownHook",
            Self::UnknownVersion { .. } => "UnknownVersion",
            Self::BadName(_) => "BadName",
            Self::BadLimits(_) => "BadLimits",
            Self::BadSchedule(_) => "BadSchedule",
            Self::BadUrl(_) => "BadUrl",
            Self::LimitExceeded { .. } => "LimitExceeded",
            Self::OperationTooLong { .. } => "OperationTooLong",
            Self::TooManyOperations { .. } => "TooManyOperations",
            Self::Corrupt { .. }
            | Self::Unavailable { .. }
            | Self::Overloaded { .. }
            | Self::Stopped => "InternalError",
        }
    }

    /// 400 when the caller can mend it, 500 when only the operator can.
    pub fn status(&self) -> u16 {
        if self.is_callers_fault() { 400 } else { 500 }
    }

    /// Whether the request, not the store, is to blame.
    pub fn is_callers_fault(&self) -> bool {
        self.code() != "InternalError"
    }

    pub(crate) fn bad_query(message: impl Into<String>) -> Self {
        Self::BadQuery(message.into())
    }

    pub(crate) fn bad_update(message: impl Into<String>) -> Self {
        Self::BadUpdate(message.into())
    }

    pub(crate) fn bad_document(message: impl Into<String>) -> Self {
        Self::BadDocument(message.into())
    }

    /// The same, of an operation on documents: there is something to do about a long one.
    pub(crate) fn of_documents(self) -> Self {
        let Self::OperationTooLong { limit_ms, .. } = self else {
            return self;
        };
        Self::OperationTooLong {
            limit_ms,
            advice: "; narrow the query by a plain equality, use fewer conditions, or keep smaller \
                     documents",
        }
    }

    pub(crate) fn unavailable(
        step: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable {
            step: step.into(),
            source: source.into(),
        }
    }
}
