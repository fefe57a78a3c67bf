//! Log lines in their table.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use crate::log::{Keep, LogLine, LogQuery, NewLogLine, level, rank};
use crate::sqlite::outbox::some_apps;
use crate::sqlite::{failed, require_app, signed, unsigned};
use crate::{StoreError, clock};

/// Lines that one call takes away: it holds the one write lock.
const PRUNED_MAX: usize = 10_000;

/// Keeps lines, in their order.
pub(super) fn append(
    transaction: &Transaction<'_>,
    lines: &[NewLogLine],
) -> Result<(), StoreError> {
    let step = "keep log lines";
    let mut statement = transaction
        .prepare_cached(
            "INSERT INTO logs (app, at_ms, level, hook, job, message)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .map_err(failed(step))?;
    for line in lines {
        let given = params![
            line.app,
            signed(line.at_ms),
            rank(line.level),
            line.hook,
            line.job,
            line.message,
        ];
        statement.execute(given).map_err(failed(step))?;
    }
    Ok(())
}

pub(super) fn read(
    transaction: &Transaction<'_>,
    app: &str,
    query: &LogQuery,
) -> Result<Vec<LogLine>, StoreError> {
    require_app(transaction, app)?;
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let direction = if query.oldest { "ASC" } else { "DESC" };
    let read: rusqlite::Result<Vec<LogLine>> = transaction
        .prepare_cached(&format!(
            "SELECT seq, at_ms, level, hook, job, message FROM logs
             WHERE app = ?1 AND seq > ?2 AND at_ms >= ?3 AND level >= ?4
               AND (?5 IS NULL OR hook = ?5)
             ORDER BY seq {direction} LIMIT ?6"
        ))
        .and_then(|mut statement| {
            let given = params![
                app,
                signed(query.after_seq),
                signed(query.since_ms),
                rank(query.level),
                query.hook,
                limit,
            ];
            statement.query_map(given, line)?.collect()
        });
    let mut lines = read.map_err(failed("read log lines"))?;
    if !query.oldest {
        lines.reverse();
    }
    Ok(lines)
}

/// Takes away lines beyond what is kept; says how many. It looks at some apps, not always the same.
pub(super) fn prune(transaction: &Transaction<'_>, keep: Keep) -> Result<usize, StoreError> {
    let oldest_ms = keep.oldest_ms(clock::now_ms());
    let mut pruned = 0;
    for app in some_apps(transaction, "logs")? {
        if pruned >= PRUNED_MAX {
            break;
        }
        let beyond = beyond_count(transaction, &app, keep.count)?;
        let last = last_to_go(transaction, &app, beyond, oldest_ms, PRUNED_MAX - pruned)
            .map_err(failed("look for old log lines"))?;
        pruned += transaction
            .prepare_cached("DELETE FROM logs WHERE app = ?1 AND seq <= ?2")
            .and_then(|mut statement| statement.execute(params![app, last]))
            .map_err(failed("forget log lines"))?;
    }
    Ok(pruned)
}

/// The newest line that is too many; 0 when none is.
fn beyond_count(transaction: &Transaction<'_>, app: &str, count: usize) -> Result<i64, StoreError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let found = transaction
        .prepare_cached("SELECT seq FROM logs WHERE app = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2")
        .and_then(|mut statement| {
            let row = statement.query_row(params![app, count], |row| row.get(0));
            row.optional()
        });
    let found = found.map_err(failed("count log lines"))?;
    Ok(found.unwrap_or(0))
}

/// The newest line that goes, read from the oldest on, which ends with the first that stays.
fn last_to_go(
    transaction: &Transaction<'_>,
    app: &str,
    beyond: i64,
    oldest_ms: u64,
    limit: usize,
) -> rusqlite::Result<i64> {
    let mut statement =
        transaction.prepare_cached("SELECT seq, at_ms FROM logs WHERE app = ?1 ORDER BY seq")?;
    let mut rows = statement.query([app])?;
    let mut last = 0;
    for _ in 0..limit {
        let Some(row) = rows.next()? else { break };
        let (seq, at_ms): (i64, i64) = (row.get(0)?, row.get(1)?);
        if seq > beyond && unsigned(at_ms) > oldest_ms {
            break;
        }
        last = seq;
    }
    Ok(last)
}

fn line(row: &Row<'_>) -> rusqlite::Result<LogLine> {
    Ok(LogLine {
        seq: unsigned(row.get(0)?),
        at_ms: unsigned(row.get(1)?),
        level: level(row.get(2)?),
        hook: row.get(3)?,
        job: row.get(4)?,
        message: row.get(5)?,
    })
}
