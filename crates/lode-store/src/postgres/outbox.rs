//! The outbox in its table.
//!
//! `next_at_ms` is the one thing that makes an effect due: without it, nobody looks at it again.
//! All times are the server's: the workers of many machines lease from each other by one clock.

use tokio_postgres::Row;

use crate::StoreError;
use crate::log::Keep;
use crate::outbox::{
    Attempt, Claimed, Effect, EffectKind, EffectQuery, EffectState, NewEffect, Retried,
};
use crate::postgres::sql::{Param, Params};
use crate::postgres::transaction::Transaction;
use crate::postgres::{ms, signed, text, unsigned};

const COLUMNS: &str =
    "id, app, job, hook, kind, at_ms, payload, state, attempts, next_at_ms, error";

/// Milliseconds since 1970, the same within a statement.
const NOW: &str = "floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint";

/// Apps that one call prunes: of each, what stays is counted.
const PRUNED_APPS_MAX: usize = 100;

/// Rows that one call takes away: about a second's work.
const PRUNED_MAX: i64 = 10_000;

/// Records an effect under this id, in a transaction of its app.
pub(super) async fn record(
    transaction: &Transaction<'_>,
    new: &NewEffect,
    id: &str,
) -> Result<Effect, StoreError> {
    transaction.require_app(&new.app)?;
    let app = || Param::from(transaction.app());
    let room = new.is_due.then(|| count(new.waiting_max));
    let sql = format!(
        "INSERT INTO outbox ({COLUMNS}, claim, is_claimed)
         SELECT $2, $1, $3, $4, $5, {NOW}, $6, 'recorded', 0,
                CASE WHEN $7 IS NOT NULL THEN {NOW} END, NULL, 0, false
         WHERE $7 IS NULL OR $7 > (SELECT COUNT(*) FROM (
           SELECT 1 FROM outbox WHERE app = $1 AND next_at_ms IS NOT NULL LIMIT $7) AS waiting)
         RETURNING {COLUMNS}"
    );
    let params = [
        app(),
        id.into(),
        bytes(&new.job),
        bytes(&new.hook),
        new.kind.name().into(),
        (&new.payload).into(),
        room.into(),
    ];
    let record = transaction.query(&sql, &params, "record the effect");
    let rows = if new.is_due {
        // Whoever records for the app goes after the other: what waits is bounded.
        let lock = "SELECT 1 FROM (SELECT pg_advisory_xact_lock(
                      hashtextextended(current_schema() || '//outbox/' || $1, 0))) AS locked";
        let step = "wait for other effects of the app";
        // Sent together, in this order: the second statement sees what is there under the lock.
        let app = [app()];
        tokio::try_join!(biased; transaction.query(lock, &app, step), record)?.1
    } else {
        record.await?
    };
    let recorded = rows.first().map(effect);
    recorded.ok_or_else(|| new.no_room())
}

/// Takes due effects, of each app about as many, and of apps in no order: one that has a thousand
/// due must not stand before the others. What another worker is taking at this moment is left out.
pub(super) async fn claim(
    transaction: &Transaction<'_>,
    kinds: &[EffectKind],
    limit: usize,
    lease_ms: i64,
) -> Result<Vec<Claimed>, StoreError> {
    let mut due = due(transaction, kinds).await?;
    fastrand::shuffle(&mut due);
    let mut claimed = Vec::new();
    while !due.is_empty() && claimed.len() < limit {
        let room = limit - claimed.len();
        let next = due.split_off(due.len().saturating_sub(room));
        let each = room / next.len();
        let got = claim_each(transaction, &next, each, lease_ms).await?;
        let has_more = |lane: &Lane| got.iter().filter(|one| lane.is_of(one)).count() == each;
        // They may, and come after all others then.
        due.splice(0..0, next.into_iter().filter(has_more));
        claimed.extend(got);
    }
    Ok(claimed)
}

/// The effects of one kind of one app.
#[derive(Debug)]
struct Lane {
    app: String,
    kind: EffectKind,
}

impl Lane {
    fn is_of(&self, claimed: &Claimed) -> bool {
        self.app == claimed.effect.app && self.kind == claimed.effect.kind
    }
}

/// The lanes that have something due, found by leaps from one app to the next.
async fn due(transaction: &Transaction<'_>, kinds: &[EffectKind]) -> Result<Vec<Lane>, StoreError> {
    let sql = format!(
        "WITH RECURSIVE waiting (app) AS (
           (SELECT app FROM outbox WHERE next_at_ms IS NOT NULL ORDER BY app LIMIT 1)
           UNION ALL
           SELECT (SELECT o.app FROM outbox o
                   WHERE o.app > waiting.app AND o.next_at_ms IS NOT NULL ORDER BY o.app LIMIT 1)
           FROM waiting WHERE waiting.app IS NOT NULL
         )
         SELECT waiting.app, k.kind FROM waiting, unnest($1::text[]) AS k (kind)
         WHERE waiting.app IS NOT NULL AND EXISTS (
           SELECT 1 FROM outbox o
           WHERE o.app = waiting.app AND o.kind = k.kind AND o.next_at_ms <= {NOW})"
    );
    let kinds: Vec<String> = kinds.iter().map(|kind| kind.name().to_owned()).collect();
    let step = "look for due effects";
    let rows = transaction.query(&sql, &[kinds.into()], step).await?;
    let lane = |row: &Row| Lane {
        app: row.get(0),
        kind: kind(row.get(1)),
    };
    Ok(rows.iter().map(lane).collect())
}

/// Takes at most so many of each of these lanes.
async fn claim_each(
    transaction: &Transaction<'_>,
    lanes: &[Lane],
    each: usize,
    lease_ms: i64,
) -> Result<Vec<Claimed>, StoreError> {
    // MATERIALIZED: looked for once, or more would be locked than are claimed.
    let sql = format!(
        "WITH due AS MATERIALIZED (
           SELECT d.id FROM unnest($1::text[], $2::text[]) AS lane (app, kind), LATERAL (
             SELECT o.id FROM outbox o
             WHERE o.app = lane.app AND o.kind = lane.kind AND o.next_at_ms <= {NOW}
             ORDER BY o.next_at_ms LIMIT $3 FOR UPDATE SKIP LOCKED) AS d
         )
         UPDATE outbox SET attempts = attempts + 1, claim = claim + 1, is_claimed = true,
                           next_at_ms = {NOW} + $4
         FROM due WHERE outbox.id = due.id
         RETURNING outbox.id, app, job, hook, kind, at_ms, payload, state, attempts, next_at_ms,
                   error, claim"
    );
    let apps: Vec<String> = lanes.iter().map(|lane| lane.app.clone()).collect();
    let kinds = lanes.iter().map(|lane| lane.kind.name().to_owned());
    let params = [
        apps.into(),
        kinds.collect::<Vec<String>>().into(),
        count(each).into(),
        // Far above any lease, and no overflow.
        lease_ms.min(i64::MAX / 2).into(),
    ];
    let rows = transaction.query(&sql, &params, "claim effects").await?;
    let claimed = |row: &Row| Claimed {
        effect: effect(row),
        claim: unsigned(row.get(11)),
    };
    Ok(rows.iter().map(claimed).collect())
}

/// Says how an attempt ended; false when it is somebody else's by now. That it was sent counts
/// whoever says so: it is a fact.
pub(super) async fn settle(
    transaction: &Transaction<'_>,
    id: &str,
    claim: u64,
    attempt: &Attempt,
) -> Result<bool, StoreError> {
    let own = || vec![Param::from(id), signed(claim).into()];
    let (sql, params) = match attempt {
        Attempt::Sent => (
            "UPDATE outbox SET state = 'sent', next_at_ms = NULL, is_claimed = false, error = NULL
             WHERE id = $1 AND state <> 'sent'"
                .to_owned(),
            vec![id.into()],
        ),
        Attempt::Failed { error } => {
            let mut params = own();
            params.push(bytes(error));
            let sql = "UPDATE outbox SET state = 'failed', next_at_ms = NULL, is_claimed = false,
                                         error = $3
                       WHERE id = $1 AND claim = $2 AND is_claimed";
            (sql.to_owned(), params)
        }
        Attempt::Retry { after, error } => {
            let mut params = own();
            params.extend([bytes(error), ms(*after).min(i64::MAX / 2).into()]);
            let sql = format!(
                "UPDATE outbox SET state = 'retrying', next_at_ms = {NOW} + $4,
                                   is_claimed = false, error = $3
                 WHERE id = $1 AND claim = $2 AND is_claimed"
            );
            (sql, params)
        }
    };
    let changed = transaction.execute(&sql, &params, "settle the effect");
    Ok(changed.await? > 0)
}

/// Those of the transaction's app, or of all when it is about all.
pub(super) async fn list(
    transaction: &Transaction<'_>,
    query: &EffectQuery,
) -> Result<Vec<Effect>, StoreError> {
    let mut params = Params::default();
    let mut conditions = vec!["true".to_owned()];
    if let Some(app) = &query.app {
        transaction.require_app(app)?;
        conditions.push(format!("app = {}", params.bind(transaction.app())));
    }
    if let Some(kind) = query.kind {
        conditions.push(format!("kind = {}", params.bind(kind.name())));
    }
    if let Some(state) = query.state {
        conditions.push(format!("state = {}", params.bind(state.name())));
    }
    let limit = params.bind(count(query.limit));
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox WHERE {} ORDER BY at_ms DESC, id DESC LIMIT {limit}",
        conditions.join(" AND ")
    );
    let rows = transaction
        .query(&sql, &params.0, "list the effects")
        .await?;
    Ok(rows.iter().map(effect).collect())
}

pub(super) async fn one(
    transaction: &Transaction<'_>,
    id: &str,
) -> Result<Option<Effect>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE id = $1");
    let params = [id.into()];
    let rows = transaction.query(&sql, &params, "read the effect").await?;
    Ok(rows.first().map(effect))
}

pub(super) async fn retry(transaction: &Transaction<'_>, id: &str) -> Result<Retried, StoreError> {
    let sql = format!(
        "UPDATE outbox SET attempts = 0, is_claimed = false, next_at_ms = {NOW},
           state = CASE state WHEN 'recorded' THEN 'recorded' ELSE 'retrying' END
         WHERE id = $1 AND state <> 'sent' AND NOT (is_claimed AND next_at_ms > {NOW})
         RETURNING {COLUMNS}"
    );
    let params = [id.into()];
    let rows = transaction.query(&sql, &params, "retry the effect").await?;
    if let Some(row) = rows.first() {
        return Ok(Retried::Due(effect(row)));
    }
    Ok(match one(transaction, id).await? {
        None => Retried::Unknown,
        Some(found) if found.state == EffectState::Sent => Retried::AlreadySent,
        Some(_) => Retried::BeingSent,
    })
}

/// Takes away effects that nobody will send, beyond what is kept; says how many. It looks at some
/// apps, not always the same, and leaves to another worker what that one is at.
pub(super) async fn prune(transaction: &Transaction<'_>, keep: Keep) -> Result<usize, StoreError> {
    let sql = format!(
        "WITH gone AS MATERIALIZED (
           SELECT g.id FROM unnest($1::text[]) AS a (app), LATERAL (
             SELECT COALESCE((SELECT at_ms FROM outbox WHERE app = a.app AND next_at_ms IS NULL
                              ORDER BY at_ms DESC LIMIT 1 OFFSET $3), 0) AS at_ms OFFSET 0
           ) AS beyond, LATERAL (
             SELECT o.id FROM outbox o
             WHERE o.app = a.app AND o.next_at_ms IS NULL
               AND o.at_ms <= GREATEST(beyond.at_ms, {NOW} - $2)
             ORDER BY o.at_ms LIMIT $4 FOR UPDATE SKIP LOCKED
           ) AS g LIMIT $4
         )
         DELETE FROM outbox USING gone WHERE outbox.id = gone.id"
    );
    let apps = some_apps(transaction, "outbox").await?;
    let params = [
        apps.into(),
        ms(keep.age).into(),
        count(keep.count).into(),
        PRUNED_MAX.into(),
    ];
    let gone = transaction.execute(&sql, &params, "forget effects").await?;
    Ok(usize::try_from(gone).unwrap_or(usize::MAX))
}

/// At most so many apps that have rows in this table, any of them, found by leaps.
pub(super) async fn some_apps(
    transaction: &Transaction<'_>,
    table: &'static str,
) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "WITH RECURSIVE known (app) AS (
           (SELECT app FROM {table} ORDER BY app LIMIT 1)
           UNION ALL
           SELECT (SELECT t.app FROM {table} t WHERE t.app > known.app ORDER BY t.app LIMIT 1)
           FROM known WHERE known.app IS NOT NULL
         )
         SELECT app FROM known WHERE app IS NOT NULL"
    );
    let rows = transaction.query(&sql, &[], "look for apps").await?;
    let mut apps: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    fastrand::shuffle(&mut apps);
    apps.truncate(PRUNED_APPS_MAX);
    Ok(apps)
}

pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn bytes(text: &str) -> Param {
    text.as_bytes().to_vec().into()
}

fn kind(name: &str) -> EffectKind {
    // The table allows no other names.
    EffectKind::named(name).unwrap_or(EffectKind::Push)
}

fn effect(row: &Row) -> Effect {
    let (next_at_ms, error): (Option<i64>, Option<&[u8]>) = (row.get(9), row.get(10));
    Effect {
        id: row.get(0),
        app: row.get(1),
        job: text(row.get(2)),
        hook: text(row.get(3)),
        kind: kind(row.get(4)),
        at_ms: unsigned(row.get(5)),
        payload: row.get(6),
        // The table allows no other names.
        state: EffectState::named(row.get(7)).unwrap_or(EffectState::Failed),
        attempts: u32::try_from(row.get::<_, i64>(8)).unwrap_or(u32::MAX),
        next_at_ms: next_at_ms.map(unsigned),
        error: error.map(text),
    }
}
