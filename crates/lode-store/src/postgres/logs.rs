//! Log lines in their table.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use crate::log::{Keep, LogLine, LogQuery, NewLogLine, level, rank};
use crate::model::check_name;
use crate::postgres::outbox::{count, some_apps};
use crate::postgres::sql::{Param, Params};
use crate::postgres::transaction::Transaction;
use crate::postgres::{signed, text, unsigned};
use crate::{StoreError, clock};

/// Lines that one call takes away: about a second's work.
const PRUNED_MAX: i64 = 10_000;

/// Keeps lines, those of each app in their order, and each app's as that app. The transaction is
/// nobody's.
pub(super) async fn append(
    transaction: &Transaction<'_>,
    lines: &[NewLogLine],
) -> Result<(), StoreError> {
    // In the order of their names: two batches that have each other's apps must not each wait for
    // the other.
    let mut apps: BTreeMap<&str, Vec<&NewLogLine>> = BTreeMap::new();
    for line in lines {
        // Lines of a name that no app can have could not be read by anybody.
        if check_name("app id", &line.app).is_ok() {
            apps.entry(&line.app).or_default().push(line);
        }
    }
    for (app, lines) in apps {
        append_as(transaction, app, &lines).await?;
    }
    Ok(())
}

async fn append_as(
    transaction: &Transaction<'_>,
    app: &str,
    lines: &[&NewLogLine],
) -> Result<(), StoreError> {
    // Numbers are given within the lock, and seen before the next ones are given: whoever follows
    // an app's lines by their numbers misses none.
    let begin = "SELECT set_config('lode.app', $1, true) FROM (SELECT pg_advisory_xact_lock(
                   hashtextextended(current_schema() || '//logs/' || $1, 0))) AS locked";
    let insert = "INSERT INTO logs (app, at_ms, level, hook, job, message)
                  SELECT $1, v.at_ms, v.level, v.hook, v.job, v.message
                  FROM unnest($2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[])
                    WITH ORDINALITY AS v (at_ms, level, hook, job, message, place)
                  ORDER BY v.place";
    let numbers = |number: fn(&NewLogLine) -> i64| -> Param {
        let all = lines.iter().map(|line| number(line));
        all.collect::<Vec<i64>>().into()
    };
    let texts = |text: fn(&NewLogLine) -> &String| -> Param {
        let all = lines.iter().map(|line| text(line).as_bytes().to_vec());
        all.collect::<Vec<Vec<u8>>>().into()
    };
    let own = [Param::from(app)];
    let params = [
        app.into(),
        numbers(|line| signed(line.at_ms)),
        numbers(|line| rank(line.level).into()),
        texts(|line| &line.hook),
        texts(|line| &line.job),
        texts(|line| &line.message),
    ];
    // Sent together, in this order: one round trip.
    tokio::try_join!(
        biased;
        transaction.query(begin, &own, "wait for other log lines of the app"),
        transaction.execute(insert, &params, "keep log lines")
    )?;
    Ok(())
}

pub(super) async fn read(
    transaction: &Transaction<'_>,
    app: &str,
    query: &LogQuery,
) -> Result<Vec<LogLine>, StoreError> {
    transaction.require_app(app)?;
    let direction = if query.oldest { "ASC" } else { "DESC" };
    let mut params = Params(vec![
        transaction.app().into(),
        signed(query.after_seq).into(),
        signed(query.since_ms).into(),
        i64::from(rank(query.level)).into(),
        count(query.limit).into(),
    ]);
    let of_hook = query.hook.as_ref().map_or_else(String::new, |hook| {
        format!("AND hook = {}", params.bind(hook.as_bytes().to_vec()))
    });
    let sql = format!(
        "SELECT seq, at_ms, level, hook, job, message FROM logs
         WHERE app = $1 AND seq > $2 AND at_ms >= $3 AND level >= $4 {of_hook}
         ORDER BY seq {direction} LIMIT $5"
    );
    let rows = transaction.query(&sql, &params.0, "read log lines").await?;
    let mut lines: Vec<LogLine> = rows.iter().map(line).collect();
    if !query.oldest {
        lines.reverse();
    }
    Ok(lines)
}

/// Takes away lines beyond what is kept; says how many. It looks at some apps, not always the same,
/// and leaves to another worker what that one is at.
pub(super) async fn prune(transaction: &Transaction<'_>, keep: Keep) -> Result<usize, StoreError> {
    // Read from the oldest on, which ends with the first that stays.
    let sql = "
        WITH gone AS MATERIALIZED (
          SELECT a.app, g.seq FROM unnest($1::text[]) AS a (app), LATERAL (
            SELECT COALESCE((SELECT seq FROM logs WHERE app = a.app
                             ORDER BY seq DESC LIMIT 1 OFFSET $3), 0) AS seq OFFSET 0
          ) AS beyond, LATERAL (
            SELECT COALESCE((
              SELECT o.seq FROM (SELECT seq, at_ms FROM logs WHERE app = a.app
                                 ORDER BY seq LIMIT $4) AS o
              WHERE o.seq > beyond.seq AND o.at_ms > $2 LIMIT 1
            ), 9223372036854775807) AS seq OFFSET 0
          ) AS stays, LATERAL (
            SELECT l.seq FROM logs l WHERE l.app = a.app AND l.seq < stays.seq
            ORDER BY l.seq LIMIT $4 FOR UPDATE SKIP LOCKED
          ) AS g LIMIT $4
        )
        DELETE FROM logs USING gone WHERE logs.app = gone.app AND logs.seq = gone.seq";
    let apps = some_apps(transaction, "logs").await?;
    let params = [
        apps.into(),
        signed(keep.oldest_ms(clock::now_ms())).into(),
        count(keep.count).into(),
        PRUNED_MAX.into(),
    ];
    let gone = transaction
        .execute(sql, &params, "forget log lines")
        .await?;
    Ok(usize::try_from(gone).unwrap_or(usize::MAX))
}

fn line(row: &Row) -> LogLine {
    // The table has what `rank` gave.
    let rank = u8::try_from(row.get::<_, i32>(2)).unwrap_or(u8::MAX);
    LogLine {
        seq: unsigned(row.get(0)),
        at_ms: unsigned(row.get(1)),
        level: level(rank),
        hook: text(row.get(3)),
        job: text(row.get(4)),
        message: text(row.get(5)),
    }
}
