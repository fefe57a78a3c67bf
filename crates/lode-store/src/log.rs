//! Log lines of hooks as the store keeps them: per app, bounded by count and age.

use std::time::Duration;

use lode_proto::message::LogLevel;

/// A line to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLogLine {
    /// Whose.
    pub app: String,
    /// When it was written, in milliseconds since 1970.
    pub at_ms: u64,
    /// How grave.
    pub level: LogLevel,
    /// The hook that wrote it.
    pub hook: String,
    /// The job in which it ran.
    pub job: String,
    /// The text.
    pub message: String,
}

/// A kept line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Grows with each line that is kept, over all apps; a number is never used twice.
    pub seq: u64,
    /// When it was written, in milliseconds since 1970.
    pub at_ms: u64,
    /// How grave.
    pub level: LogLevel,
    /// The hook that wrote it.
    pub hook: String,
    /// The job in which it ran.
    pub job: String,
    /// The text.
    pub message: String,
}

/// Which lines of an app to read; they are given oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// Only lines kept after this one.
    pub after_seq: u64,
    /// Only lines written at this time or later, in milliseconds since 1970.
    pub since_ms: u64,
    /// Only lines this grave, or graver.
    pub level: LogLevel,
    /// Only this hook's.
    pub hook: Option<String>,
    /// At most so many: the newest, or with `oldest` the oldest.
    pub limit: usize,
    /// See `limit`. Whoever follows the lines takes the oldest, and misses none.
    pub oldest: bool,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Of each app, the newest.
    pub count: usize,
    /// Nothing older.
    pub age: Duration,
}

impl Keep {
    /// What was made at this time or before is too old.
    pub(crate) fn oldest_ms(self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(u64::try_from(self.age.as_millis()).unwrap_or(u64::MAX))
    }
}

impl Default for LogQuery {
    fn default() -> Self {
        Self {
            after_seq: 0,
            since_ms: 0,
            level: LogLevel::Info,
            hook: None,
            limit: 1_000,
            oldest: false,
        }
    }
}

/// Levels in their order, as they are stored.
pub(crate) fn rank(level: LogLevel) -> u8 {
    match level {
        LogLevel::Info => 0,
        LogLevel::Warning => 1,
        LogLevel::Error => 2,
        LogLevel::Fatal => 3,
    }
}

/// The level of a rank; of an unknown one, the gravest.
pub(crate) fn level(rank: u8) -> LogLevel {
    match rank {
        0 => LogLevel::Info,
        1 => LogLevel::Warning,
        2 => LogLevel::Error,
        _ => LogLevel::Fatal,
    }
}
