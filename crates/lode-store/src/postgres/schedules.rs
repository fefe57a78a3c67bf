//! Schedules in their table.

use tokio_postgres::Row;

use crate::limits::SCHEDULES_MAX;
use crate::postgres::sql::Param;
use crate::postgres::transaction::Transaction;
use crate::postgres::{signed, unsigned};
use crate::{NewSchedule, Schedule, StoreError, clock};

const COLUMNS: &str = "app, name, hook, start_ms, every, cron, request, created_ms";

pub(super) async fn put(
    transaction: &Transaction<'_>,
    put: &NewSchedule,
) -> Result<Schedule, StoreError> {
    transaction.require_app(&put.app)?;
    // Whoever adds one goes after the other: their number is bounded.
    let lock = "SELECT 1 FROM apps WHERE id = $1 FOR NO KEY UPDATE";
    let app = || Param::from(transaction.app());
    let step = "wait for other changes of the schedules";
    transaction.query(lock, &[app()], step).await?;
    let sql = format!("SELECT {COLUMNS} FROM schedules WHERE app = $1 AND name = $2");
    let params = [app(), (&put.name).into()];
    let found = transaction
        .query(&sql, &params, "read the schedule")
        .await?;
    let found = found.first().map(schedule);
    let put = put.clone();
    let mut schedule = Schedule {
        app: put.app,
        name: put.name,
        hook: put.hook,
        start_ms: put.start_ms,
        every: put.every,
        cron: put.cron,
        request: put.request,
        created_ms: found.as_ref().map_or(0, |found| found.created_ms),
    };
    if found.as_ref() == Some(&schedule) {
        return Ok(schedule);
    }
    if found.is_none() {
        require_room(transaction, &schedule.app).await?;
    }
    schedule.created_ms = clock::now_ms();
    store(transaction, &schedule).await?;
    Ok(schedule)
}

async fn store(transaction: &Transaction<'_>, schedule: &Schedule) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO schedules ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (app, name) DO UPDATE SET hook = excluded.hook, start_ms = excluded.start_ms,
           every = excluded.every, cron = excluded.cron, request = excluded.request,
           created_ms = excluded.created_ms"
    );
    let params = [
        (&schedule.app).into(),
        (&schedule.name).into(),
        (&schedule.hook).into(),
        schedule.start_ms.map(signed).into(),
        schedule.every.clone().into(),
        schedule.cron.clone().into(),
        schedule.request.clone().into(),
        signed(schedule.created_ms).into(),
    ];
    let stored = transaction.execute(&sql, &params, "store the schedule");
    stored.await.map(drop)
}

async fn require_room(transaction: &Transaction<'_>, app: &str) -> Result<(), StoreError> {
    let sql = "SELECT COUNT(*) FROM schedules WHERE app = $1";
    let params = [transaction.app().into()];
    let step = "count the schedules";
    let rows = transaction.query(sql, &params, step).await?;
    let count = rows.first().map_or(0, |row| unsigned(row.get(0)));
    if usize::try_from(count).unwrap_or(usize::MAX) < SCHEDULES_MAX {
        return Ok(());
    }
    Err(StoreError::LimitExceeded {
        what: format!("one more schedule of the app `{app}`"),
        limit: format!("{SCHEDULES_MAX} schedules"),
        advice: "delete one that is not needed, or let one endpoint do several things",
    })
}

/// Those of the transaction's app, or of all when it is about all.
pub(super) async fn all(
    transaction: &Transaction<'_>,
    app: Option<&str>,
) -> Result<Vec<Schedule>, StoreError> {
    let (condition, params) = match app {
        Some(app) => {
            transaction.require_app(app)?;
            ("WHERE app = $1", vec![transaction.app().into()])
        }
        None => ("", Vec::new()),
    };
    let sql = format!("SELECT {COLUMNS} FROM schedules {condition} ORDER BY app, name");
    let rows = transaction
        .query(&sql, &params, "read the schedules")
        .await?;
    Ok(rows.iter().map(schedule).collect())
}

pub(super) async fn delete(transaction: &Transaction<'_>, name: &str) -> Result<bool, StoreError> {
    // No schedule has such a name, and no text of Postgres.
    if name.contains('\0') {
        return Ok(false);
    }
    let sql = "DELETE FROM schedules WHERE app = $1 AND name = $2";
    let params = [transaction.app().into(), name.into()];
    let step = "delete the schedule";
    Ok(transaction.execute(sql, &params, step).await? > 0)
}

fn schedule(row: &Row) -> Schedule {
    let start_ms: Option<i64> = row.get(3);
    Schedule {
        app: row.get(0),
        name: row.get(1),
        hook: row.get(2),
        start_ms: start_ms.map(unsigned),
        every: row.get(4),
        cron: row.get(5),
        request: row.get(6),
        created_ms: unsigned(row.get(7)),
    }
}
