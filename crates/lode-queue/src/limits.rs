//! Every limit of the queue with the reason for its number.

use std::time::Duration;

/// Inbox entries that one call admits: bounds the time that one script holds Redis.
pub(crate) const ADMIT_MAX: usize = 200;
/// Bytes of entries after which one call stops admitting: 200 jobs of 1 MiB would hold Redis for a
/// second. One entry is always taken.
pub(crate) const ADMIT_BYTES_MAX: usize = 1 << 20;
/// Milliseconds by which the id of an entry may be ahead of the server's clock; a producer chose one
/// that is further ahead.
pub(crate) const AHEAD_MS_MAX: u64 = 60_000;
/// Bytes of entries at which one look past a backlog stops; there are two of them in one call, and
/// they are part of `ADMIT_BYTES_MAX`.
pub(crate) const TAIL_BYTES_MAX: usize = 256 << 10;
/// Entries read at once: few at first and after large ones, so that they do not pile up in memory.
pub(crate) const READ_FIRST: usize = 4;
/// Entries read at once when the last ones were small.
pub(crate) const READ_MAX: usize = 20;
/// An average above which entries are read one by one.
pub(crate) const READ_LARGE: usize = 16 << 10;
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
// What only the scripts of Redis need.
/// Entries that `tend` admits when more than `ADMIT_MAX` wait: about 20 ms of Redis.
pub(crate) const ADMIT_LONG_MAX: usize = 1_000;
/// Newest entries that one call looks at past a backlog, so that a newcomer is seen at once; about
/// as many newcomers are admitted with it.
pub(crate) const TAIL_MAX: usize = 50;
/// Entries of one look past a backlog, which goes on where the last one stopped: about 3 ms of Redis.
pub(crate) const LOOK_MAX: usize = 1_000;
/// The layout of the keys. Another one is another number, and is refused.
pub(crate) const LAYOUT: usize = 2;
/// Nobody seen for so long, or for half a `worker_timeout` if that is more: the queue was out of
/// reach, and not its workers. They tend four times a second.
pub(crate) const GAP_MIN_MS: u64 = 500;
/// Time that all workers get to come back then, at most: they try again every few seconds.
pub(crate) const GRACE_MAX_MS: u64 = 15_000;
/// Deliveries that failed, named one by one in the dead list.
pub(crate) const REASONS_MAX: usize = 3;
/// Jobs of newly limited hooks that one call puts in their lanes; the next call goes on.
pub(crate) const LANE_MOVES_MAX: usize = 200;
/// Jobs of one line that a view reads at once, at least.
pub(crate) const PEEK_PIECE_MIN: usize = 4;
/// Entries of the dead list that one page of a listing reads.
pub(crate) const DEAD_STEP: usize = 20;
/// Entries of the dead list that one script queues anew: about 6 ms of Redis.
pub(crate) const DEAD_CALL_MAX: usize = 100;
/// Bytes of entries of the dead list after which a script stops; one entry is always looked at.
pub(crate) const DEAD_CALL_BYTES_MAX: usize = 256 << 10;
/// Delayed jobs that a view of one app's jobs looks through.
pub(crate) const PEEK_DELAYED_MAX: usize = 10_000;
/// Calls that one cancellation makes while its job may be in the inbox: 20,000 entries.
pub(crate) const CANCEL_CALLS_MAX: usize = 20;
/// Bytes of job text that share one pipeline.
pub(crate) const ENQUEUE_BYTES_MAX: usize = 4 << 20;
/// An answer of Redis that takes longer than this is not coming: one script takes milliseconds.
pub(crate) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);
/// A caller that gives up after so long, or later, on a connection that has answered nobody
/// meanwhile, takes it for dead. Shorter than a third of any `worker_timeout`, which tending gets.
pub(crate) const SILENT_AFTER: Duration = Duration::from_millis(200);
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
// What the SQLite side and the reading of fields add.
/// Bytes of a hook's name; a longer one counts as missing.
pub(crate) const HOOK_BYTES_MAX: usize = 256;
/// Bytes of a dedupe key.
pub(crate) const DEDUPE_KEY_BYTES_MAX: usize = 128;
/// A dedupe key is kept a week at most.
pub(crate) const DEDUPE_TTL_MS_MAX: u64 = 604_800_000;
/// Delays and deadlines reach a year ahead at most.
pub(crate) const DELAY_MS_MAX: u64 = 31_536_000_000;
/// Dates reach to the year 2100: every number of microseconds till then is exact in a double.
pub(crate) const RUN_AT_MS_MAX: u64 = 4_102_444_800_000;
/// Jobs that only wait to be settled, handed out by one call beside those that may run.
pub(crate) const UNRUNNABLE_MAX: usize = 100;
/// Jobs that only wait to be settled: with so many of them nothing more is admitted.
pub(crate) const LANE_MAX: i64 = 10_000;
/// Reply lists that wait for one job beside its own.
pub(crate) const JOINED_MAX: i64 = 64;
/// Due jobs, and jobs whose deadline has passed, that one call moves.
pub(crate) const PROMOTE_MAX: usize = 200;
/// Jobs of newly limited hooks that one call, over all its apps, moves to the hooks' own lanes.
pub(crate) const SORT_MAX: usize = 200;
/// Leases of one lost worker that one call takes back.
pub(crate) const LOST_MAX: usize = 200;
/// What an app gets for one job is this over its weight, in virtual time.
pub(crate) const COST: i64 = 10_000;
/// Hooks of one app that may have a rate.
pub(crate) const HOOK_RATES_MAX: usize = 16;
/// Bytes of a ban's reason.
pub(crate) const REASON_BYTES_MAX: usize = 300;
/// Bad jobs that can be forgiven: each is a row while the window lasts.
pub(crate) const BAD_JOBS_MAX: u32 = 1_000;
/// Due ticks that one call tells of.
pub(crate) const DUE_MAX: usize = 100;
/// Rows that one view shows to a person.
pub(crate) const VIEW_MAX: usize = 1_000;
/// Jobs that share one step when many are enqueued at once.
pub(crate) const ENQUEUE_MAX: usize = 500;
/// Microseconds: when the queue was out of reach, nobody loses a lease for so long.
pub(crate) const GRACE_US_MAX: i64 = 15_000_000;
/// Microseconds: a worker tends its queue every quarter of a second, so that a shorter silence
/// says nothing.
pub(crate) const SILENCE_US_MIN: i64 = 500_000;
/// Microseconds by which clocks may differ: a time further ahead is from before a clock was set.
pub(crate) const CLOCK_SLACK_US: i64 = 1_000_000;
