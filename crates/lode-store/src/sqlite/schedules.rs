//! Schedules in their table.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use crate::limits::SCHEDULES_MAX;
use crate::sqlite::{failed, require_app, signed, unsigned};
use crate::{NewSchedule, Schedule, StoreError, clock};

const COLUMNS: &str = "app, name, hook, start_ms, every, cron, request, created_ms";

pub(super) fn put(transaction: &Transaction<'_>, put: NewSchedule) -> Result<Schedule, StoreError> {
    require_app(transaction, &put.app)?;
    let found = one(transaction, &put.app, &put.name)?;
    let known_since = found.as_ref().map(|found| found.created_ms);
    let mut schedule = Schedule {
        app: put.app,
        name: put.name,
        hook: put.hook,
        start_ms: put.start_ms,
        every: put.every,
        cron: put.cron,
        request: put.request,
        created_ms: known_since.unwrap_or_default(),
    };
    if found.as_ref() == Some(&schedule) {
        return Ok(schedule);
    }
    if found.is_none() {
        require_room(transaction, &schedule.app)?;
    }
    schedule.created_ms = clock::now_ms();
    transaction
        .prepare_cached(&format!(
            "INSERT OR REPLACE INTO schedules ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        ))
        .and_then(|mut statement| {
            statement.execute(params![
                schedule.app,
                schedule.name,
                schedule.hook,
                schedule.start_ms.map(signed),
                schedule.every,
                schedule.cron,
                schedule.request,
                signed(schedule.created_ms),
            ])
        })
        .map_err(failed("store the schedule"))?;
    Ok(schedule)
}

fn require_room(transaction: &Transaction<'_>, app: &str) -> Result<(), StoreError> {
    let count: i64 = transaction
        .prepare_cached("SELECT COUNT(*) FROM schedules WHERE app = ?1")
        .and_then(|mut statement| statement.query_row([app], |row| row.get(0)))
        .map_err(failed("count the schedules"))?;
    if usize::try_from(count).unwrap_or(usize::MAX) < SCHEDULES_MAX {
        return Ok(());
    }
    Err(StoreError::LimitExceeded {
        what: format!("one more schedule of the app `{app}`"),
        limit: format!("{SCHEDULES_MAX} schedules"),
        advice: "delete one that is not needed, or let one endpoint do several things",
    })
}

pub(super) fn all(
    transaction: &Transaction<'_>,
    app: Option<&str>,
) -> Result<Vec<Schedule>, StoreError> {
    if let Some(app) = app {
        require_app(transaction, app)?;
    }
    let condition = app.map_or("", |_| "WHERE app = ?1");
    transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM schedules {condition} ORDER BY app, name"
        ))
        .and_then(|mut statement| {
            let given = rusqlite::params_from_iter(app);
            statement.query_map(given, schedule)?.collect()
        })
        .map_err(failed("read the schedules"))
}

pub(super) fn delete(
    transaction: &Transaction<'_>,
    app: &str,
    name: &str,
) -> Result<bool, StoreError> {
    let deleted = transaction
        .prepare_cached("DELETE FROM schedules WHERE app = ?1 AND name = ?2")
        .and_then(|mut statement| statement.execute([app, name]))
        .map_err(failed("delete the schedule"))?;
    Ok(deleted > 0)
}

fn one(
    transaction: &Transaction<'_>,
    app: &str,
    name: &str,
) -> Result<Option<Schedule>, StoreError> {
    transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM schedules WHERE app = ?1 AND name = ?2"
        ))
        .and_then(|mut statement| statement.query_row([app, name], schedule).optional())
        .map_err(failed("read the schedule"))
}

fn schedule(row: &Row<'_>) -> rusqlite::Result<Schedule> {
    let start_ms: Option<i64> = row.get(3)?;
    Ok(Schedule {
        app: row.get(0)?,
        name: row.get(1)?,
        hook: row.get(2)?,
        start_ms: start_ms.map(unsigned),
        every: row.get(4)?,
        cron: row.get(5)?,
        request: row.get(6)?,
        created_ms: unsigned(row.get(7)?),
    })
}
