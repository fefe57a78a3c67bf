//! Every limit of the pipeline, each with its reason.

/// Documents of one query's reply, also when a client asks for more: Kinvey's own limit. Clients
/// page with `limit` and `skip`.
pub const QUERY_DOCUMENTS_MAX: u64 = 10_000;

/// Attempts of one replacement of an entity. Each lost one means that somebody else has changed its
/// access list, or has created or deleted it, in the moment between reading and writing.
pub(crate) const REPLACE_ATTEMPTS_MAX: usize = 8;

/// Bytes of a job that are left to whoever puts it into a queue, for its id and reply list.
pub(crate) const JOB_FIELDS_BYTES: usize = 1024;

/// Bytes of the request and response that a hook gets, as a job.
pub const HOOK_JOB_BYTES_MAX: usize = lode_proto::limits::JOB_BYTES_MAX - JOB_FIELDS_BYTES;
