//! Every limit of the queue with the reason for its number.

use std::time::Duration;

/// Inbox entries that one lease call admits: bounds the time that one script holds Redis.
pub(crate) const ADMIT_MAX: usize = 200;
/// Bytes of job text after which one lease call stops admitting: 200 jobs of 1 MiB would hold
/// Redis for a second.
pub(crate) const ADMIT_BYTES_MAX: usize = 4 << 20;
/// Expired leases that one lease call looks at.
pub(crate) const RECLAIM_MAX: usize = 100;
/// Job text above this is not decoded: the payload limit (1 MiB) plus slack, so that a job a
/// little too large still has its own id in the outcome that refuses it.
pub(crate) const DECODE_BYTES_MAX: usize = (1 << 20) + (64 << 10);
/// Bytes of a job's own id; a longer one is ignored and the entry's id is used.
pub(crate) const ID_BYTES_MAX: usize = 128;
/// Bytes of an app's name; it becomes part of a key. A longer one counts as missing.
pub(crate) const APP_BYTES_MAX: usize = 512;
/// Priorities run from minus this to plus this.
pub(crate) const PRIORITY_MAX: i64 = 100;
/// Bytes of `reply_to`: a key that a person can still read.
pub(crate) const REPLY_TO_BYTES_MAX: usize = 512;
/// Entries of the dead list; the oldest go first.
pub(crate) const DEAD_MAX: usize = 10_000;
/// Bytes of the dead list, for the day when 10,000 jobs of 1 MiB die.
pub(crate) const DEAD_BYTES_MAX: usize = 256 << 20;
/// Jobs of one lease call, whatever the caller asks for: bounds the script and its reply.
pub(crate) const LEASE_MAX: usize = 1_000;
/// Idle connections kept for blocking commands.
pub(crate) const IDLE_CONNECTIONS_MAX: usize = 64;
/// Capped apps looked at again when a lease call found too few jobs: heals a changed default cap.
pub(crate) const HEAL_MAX: usize = 8;
/// An answer of Redis that takes longer than this is not coming: one script takes milliseconds.
pub(crate) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Time given to a blocking command beyond its own timeout before its connection is given up.
pub(crate) const BLOCK_GRACE: Duration = Duration::from_secs(2);
/// Pause between two looks at the SQLite file while waiting for another process.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// Time SQLite waits for another process's transaction; those take milliseconds.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Writes that share one SQLite transaction, and so one fsync.
pub(crate) const GROUP_MAX: usize = 64;
/// Expired replies deleted by one lease call on SQLite.
pub(crate) const PURGE_MAX: usize = 100;
