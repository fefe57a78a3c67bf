//! Every limit of the store, each with its reason.

/// Serialised bytes of one document: MongoDB's own limit, which hooks were written under.
pub const DOCUMENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Nesting of a document, a query, or an update: MongoDB's own limit. It also bounds every
/// recursion here, and stays below the JSON parser's 128 and SQLite's 1,000.
pub const DEPTH_MAX: usize = 100;

/// Bytes of a string `_id`: it is an index key, and long keys make every page hold fewer.
pub const ID_BYTES_MAX: usize = 1024;

/// Conditions in one query: each costs a path walk in each scanned document.
pub const FILTER_NODES_MAX: usize = 1_000;

/// Steps of a path: no document is deeper, and a path must not build one that is.
pub const PATH_STEPS_MAX: usize = DEPTH_MAX;

/// Patterns in one query: each is looked for in every scanned document.
pub const REGEXES_MAX: usize = 10;

/// Bytes of one pattern: above any that a person writes.
pub const REGEX_BYTES_MAX: usize = 1024;

/// Bytes of all patterns of an operation, in its query, update and fields: compiling one cannot be
/// ended.
pub const REGEXES_BYTES_MAX: usize = 4 * REGEX_BYTES_MAX;

/// Letters in the classes of all patterns of an operation, by an upper estimate: without regard to
/// case each letter is looked up. So many took 46 to 58 ms on a busy machine, and the rest of the worst
/// pattern 3 ms.
pub const REGEX_LETTERS_MAX: usize = 1_000_000;

/// Bytes of a compiled pattern: each byte of a text may cost as many steps as it has states.
pub const REGEX_PROGRAM_BYTES_MAX: usize = 128 * 1024;

/// Bytes of the states that a pattern's search keeps; when they are full it begins anew.
pub(crate) const REGEX_CACHE_BYTES: usize = 256 * 1024;

/// Corners of one polygon; each costs a step per document.
pub const POLYGON_CORNERS_MAX: usize = 1_000;

/// Conditions handed to SQL: an `AND` chain counts against SQLite's expression depth of 1,000.
pub const PUSHDOWN_TERMS_MAX: usize = 100;

/// Steps of a path handed to SQL: each prefix is named again, so the text grows by the square.
pub const PUSHDOWN_STEPS_MAX: usize = 10;

/// Bytes of a path handed to SQL: a statement's text is limited, and is kept in a cache.
pub const PUSHDOWN_PATH_BYTES_MAX: usize = 200;

/// Keys of one sort: MongoDB's own limit. Each is looked up in, and kept for, every document.
pub const SORT_KEYS_MAX: usize = 32;

/// Fields of one projection: enough for any real document.
pub const OPTION_FIELDS_MAX: usize = 1_000;

/// Nulls that one update may write to reach an index beyond an array's end: a few bytes of
/// request must not become gigabytes of memory.
pub const ARRAY_PAD_MAX: usize = 100_000;

/// Keys by which one `$push` may sort an array, over all elements: each is found once, and kept.
pub const PUSH_SORT_KEYS_MAX: usize = 500_000;

/// Documents in one insert: the whole insert holds the one write lock.
pub const INSERT_DOCUMENTS_MAX: usize = 10_000;

/// Documents that one operation may read and test. On a machine four to nine times as busy as it had
/// processors, so many of 330 bytes took SQLite 0.4 to 1.6 s and Postgres 1.0 to 2.0 s; of 2.3 kB, 0.6
/// to 3.2 s and 2.5 s to more than the 4 s that an operation has. Ten times as many would be a bound
/// that only the clock ever reaches, and what a query may do would depend on the machine's load.
pub const SCAN_DOCUMENTS_MAX: usize = 100_000;

/// Bytes of one result: it crosses to the child as one message.
pub const RESULT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Milliseconds that one operation may run unless the operator says otherwise, counted from when a
/// thread takes it up: all apps share the threads. Below the 10 s after which a worker gives up a
/// host call, so that the hook learns the reason, and with room for some waiting before.
pub const OPERATION_MS_MAX: u64 = 4_000;

/// The least that an operator may give one operation: a busy machine needs as much for small ones.
pub const OPERATION_MS_MIN: u64 = 100;

/// The most that an operator may give one operation.
pub const OPERATION_MS_CEILING: u64 = 9_000;

/// Connections to Postgres for documents: it has a hundred by default, and there are several workers.
pub const CONNECTIONS: usize = 16;

/// The most of them that can be asked for; each is a thread here and a process there.
pub const CONNECTIONS_MAX: usize = 500;

/// Milliseconds that creating an index may take: a person waits for it, not a hook.
pub const INDEX_MS_MAX: u64 = 600_000;

/// Indexes of one app: each costs time at every write, a little even at those of other apps.
pub const INDEXES_MAX: usize = 32;

const _: () = assert!(OPERATION_MS_CEILING < lode_proto::limits::HOST_CALL_MS_MAX);

/// Bytes that a sort or a multi-document update may hold in memory at once; what a sort keeps of
/// the values that it sorts by counts, too.
pub const BUFFER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Characters of a collection's name: MongoDB's namespace limit.
pub const COLLECTION_CHARS_MAX: usize = 120;

/// Characters of an app id and of an endpoint's or common code's name: they appear in queue
/// keys, log lines and URLs.
pub const NAME_CHARS_MAX: usize = 120;

/// Characters of an app's secret: far above any generated one.
pub const SECRET_CHARS_MAX: usize = 256;

/// Operations that may wait for a database thread: beyond it, waiting only hides the overload.
pub const WAITING_OPERATIONS_MAX: usize = 1024;

/// Operations of one app among them: a quarter, so that one app's backlog leaves room to others.
pub const APP_WAITING_OPERATIONS_MAX: usize = WAITING_OPERATIONS_MAX / 4;

/// Rules in an app's list of HTTP hosts; each request is compared with all of them.
pub(crate) const HTTP_HOSTS_MAX: usize = 100;

/// An app's weight goes from 1 to this: more would let one app stand for a hundred others.
pub(crate) const WEIGHT_MAX: u32 = 100;

/// Hooks of one app with a rate of their own: each is a lane of its own in the queue.
pub(crate) const HOOK_RATES_MAX: usize = 16;

/// Starts in a rate: beyond it, a rate holds nobody back.
pub const RATE_JOBS_MAX: u32 = 1_000_000;

/// Milliseconds of a rate, a day: a job that is held back for longer looks lost.
pub const RATE_MS_MAX: u64 = 24 * 3_600_000;

/// Schedules of one app: each is a job of its own at its time.
pub const SCHEDULES_MAX: usize = 100;

/// Bytes of a schedule's request: every worker keeps it in memory, and every tick is a job with it.
pub const SCHEDULE_REQUEST_BYTES_MAX: usize = 256 * 1024;

/// Bytes of a schedule's interval or cron pattern.
pub const SCHEDULE_RULE_BYTES_MAX: usize = 200;
