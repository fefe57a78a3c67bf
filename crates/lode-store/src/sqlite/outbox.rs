//! The outbox in its table.
//!
//! `next_at_ms` is the one thing that makes an effect due: without it, nobody looks at it again.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension as _, Row, Transaction, params, params_from_iter};

use crate::ids::ObjectIds;
use crate::log::Keep;
use crate::outbox::{
    Attempt, Claimed, Effect, EffectKind, EffectQuery, EffectState, NewEffect, Retried,
};
use crate::sqlite::{failed, require_app, signed, unsigned};
use crate::{StoreError, clock};

const COLUMNS: &str =
    "id, app, job, hook, kind, at_ms, payload, state, attempts, next_at_ms, error";

/// Apps that one call prunes, of which each costs some statements.
const PRUNED_APPS_MAX: usize = 500;

/// Rows that one call takes away: it holds the one write lock.
const PRUNED_MAX: usize = 10_000;

pub(super) fn record(
    transaction: &Transaction<'_>,
    new: NewEffect,
    ids: &ObjectIds,
) -> Result<Effect, StoreError> {
    require_app(transaction, &new.app)?;
    if new.is_due {
        let waiting: i64 = transaction
            .prepare_cached(
                "SELECT COUNT(*) FROM (SELECT 1 FROM outbox
                 WHERE app = ?1 AND next_at_ms IS NOT NULL LIMIT ?2)",
            )
            .and_then(|mut statement| {
                let given = params![new.app, count(new.waiting_max)];
                statement.query_row(given, |row| row.get(0))
            })
            .map_err(failed("count the effects that wait"))?;
        if waiting >= count(new.waiting_max) {
            return Err(new.no_room());
        }
    }
    let at_ms = clock::now_ms();
    let effect = Effect {
        id: ids.next(),
        app: new.app,
        job: new.job,
        hook: new.hook,
        kind: new.kind,
        at_ms,
        payload: new.payload,
        state: EffectState::Recorded,
        attempts: 0,
        next_at_ms: new.is_due.then_some(at_ms),
        error: None,
    };
    transaction
        .prepare_cached(
            "INSERT INTO outbox (id, app, job, hook, kind, at_ms, payload, state, attempts,
                                 next_at_ms, claim, is_claimed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'recorded', 0, ?8, 0, 0)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                effect.id,
                effect.app,
                effect.job,
                effect.hook,
                effect.kind.name(),
                signed(at_ms),
                effect.payload,
                effect.next_at_ms.map(signed),
            ])
        })
        .map_err(failed("record the effect"))?;
    Ok(effect)
}

/// Takes due effects, of each app about as many, and of apps in no order: one that has a thousand
/// due must not stand before the others.
pub(super) fn claim(
    transaction: &Transaction<'_>,
    kinds: &[EffectKind],
    limit: usize,
    lease_ms: u64,
) -> Result<Vec<Claimed>, StoreError> {
    let now_ms = clock::now_ms();
    let mut due: Vec<(EffectKind, String)> = Vec::new();
    for &kind in kinds {
        let apps = due_apps(transaction, kind, now_ms)?;
        due.extend(apps.into_iter().map(|app| (kind, app)));
    }
    fastrand::shuffle(&mut due);
    let mut claimed = Vec::new();
    while !due.is_empty() && claimed.len() < limit {
        let before = claimed.len();
        let mut left = Vec::new();
        for (kind, app) in due {
            if claimed.len() >= limit {
                break;
            }
            if let Some(one) = claim_one(transaction, kind, &app, now_ms, lease_ms)? {
                claimed.push(one);
                left.push((kind, app));
            }
        }
        debug_assert!(left.is_empty() || claimed.len() > before);
        due = left;
    }
    Ok(claimed)
}

/// Whether there is anything to claim, which a reader can say: it takes no write lock.
pub(super) fn is_any_due(
    transaction: &Transaction<'_>,
    kinds: &[EffectKind],
) -> Result<bool, StoreError> {
    let now_ms = clock::now_ms();
    for &kind in kinds {
        if !due_apps(transaction, kind, now_ms)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The apps that have an effect of this kind due, found by leaps from one app to the next.
fn due_apps(
    transaction: &Transaction<'_>,
    kind: EffectKind,
    now_ms: u64,
) -> Result<Vec<String>, StoreError> {
    transaction
        .prepare_cached(
            "WITH RECURSIVE waiting (app) AS (
               SELECT MIN(app) FROM outbox WHERE next_at_ms IS NOT NULL
               UNION ALL
               SELECT (SELECT MIN(o.app) FROM outbox o
                       WHERE o.app > waiting.app AND o.next_at_ms IS NOT NULL)
               FROM waiting WHERE waiting.app IS NOT NULL
             )
             SELECT app FROM waiting
             WHERE app IS NOT NULL AND EXISTS (
               SELECT 1 FROM outbox o
               WHERE o.app = waiting.app AND o.kind = ?1 AND o.next_at_ms <= ?2)",
        )
        .and_then(|mut statement| {
            let given = params![kind.name(), signed(now_ms)];
            statement.query_map(given, |row| row.get(0))?.collect()
        })
        .map_err(failed("look for due effects"))
}

fn claim_one(
    transaction: &Transaction<'_>,
    kind: EffectKind,
    app: &str,
    now_ms: u64,
    lease_ms: u64,
) -> Result<Option<Claimed>, StoreError> {
    transaction
        .prepare_cached(&format!(
            "UPDATE outbox SET attempts = attempts + 1, claim = claim + 1, is_claimed = 1,
                               next_at_ms = ?4
             WHERE id = (SELECT id FROM outbox WHERE kind = ?1 AND app = ?2 AND next_at_ms <= ?3
                         ORDER BY next_at_ms LIMIT 1)
             RETURNING {COLUMNS}, claim"
        ))
        .and_then(|mut statement| {
            let until = signed(now_ms.saturating_add(lease_ms));
            let given = params![kind.name(), app, signed(now_ms), until];
            let claimed = |row: &Row<'_>| {
                Ok(Claimed {
                    effect: effect(row)?,
                    claim: unsigned(row.get(11)?),
                })
            };
            statement.query_row(given, claimed).optional()
        })
        .map_err(failed("claim an effect"))
}

/// Says how an attempt ended; false when it is somebody else's by now. That it was sent counts
/// whoever says so: it is a fact.
pub(super) fn settle(
    transaction: &Transaction<'_>,
    id: &str,
    claim: u64,
    attempt: Attempt,
) -> Result<bool, StoreError> {
    let claim = signed(claim);
    let changed = match attempt {
        Attempt::Sent => transaction
            .prepare_cached(
                "UPDATE outbox SET state = 'sent', next_at_ms = NULL, is_claimed = 0, error = NULL
                 WHERE id = ?1 AND state <> 'sent'",
            )
            .and_then(|mut statement| statement.execute([id])),
        Attempt::Failed { error } => transaction
            .prepare_cached(
                "UPDATE outbox SET state = 'failed', next_at_ms = NULL, is_claimed = 0, error = ?3
                 WHERE id = ?1 AND claim = ?2 AND is_claimed = 1",
            )
            .and_then(|mut statement| statement.execute(params![id, claim, error])),
        Attempt::Retry { after, error } => transaction
            .prepare_cached(
                "UPDATE outbox SET state = 'retrying', next_at_ms = ?4, is_claimed = 0, error = ?3
                 WHERE id = ?1 AND claim = ?2 AND is_claimed = 1",
            )
            .and_then(|mut statement| {
                let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                let next_ms = signed(clock::now_ms().saturating_add(after_ms));
                statement.execute(params![id, claim, error, next_ms])
            }),
    };
    changed
        .map(|rows| rows > 0)
        .map_err(failed("settle the effect"))
}

pub(super) fn list(
    transaction: &Transaction<'_>,
    query: &EffectQuery,
) -> Result<Vec<Effect>, StoreError> {
    if let Some(app) = &query.app {
        require_app(transaction, app)?;
    }
    let mut conditions = vec!["1 = 1"];
    let mut given: Vec<Value> = Vec::new();
    let named = [
        ("app = ?", query.app.clone()),
        ("kind = ?", query.kind.map(|kind| kind.name().to_owned())),
        (
            "state = ?",
            query.state.map(|state| state.name().to_owned()),
        ),
    ];
    for (condition, value) in named {
        if let Some(value) = value {
            conditions.push(condition);
            given.push(value.into());
        }
    }
    given.push(count(query.limit).into());
    transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM outbox WHERE {} ORDER BY at_ms DESC, id DESC LIMIT ?",
            conditions.join(" AND ")
        ))
        .and_then(|mut statement| {
            statement
                .query_map(params_from_iter(given), effect)?
                .collect()
        })
        .map_err(failed("list the effects"))
}

pub(super) fn one(transaction: &Transaction<'_>, id: &str) -> Result<Option<Effect>, StoreError> {
    transaction
        .prepare_cached(&format!("SELECT {COLUMNS} FROM outbox WHERE id = ?1"))
        .and_then(|mut statement| statement.query_row([id], effect).optional())
        .map_err(failed("read the effect"))
}

pub(super) fn retry(transaction: &Transaction<'_>, id: &str) -> Result<Retried, StoreError> {
    let now_ms = clock::now_ms();
    let Some(found) = one(transaction, id)? else {
        return Ok(Retried::Unknown);
    };
    if found.state == EffectState::Sent {
        return Ok(Retried::AlreadySent);
    }
    let due = transaction
        .prepare_cached(&format!(
            "UPDATE outbox SET attempts = 0, is_claimed = 0, next_at_ms = ?2,
               state = CASE state WHEN 'recorded' THEN 'recorded' ELSE 'retrying' END
             WHERE id = ?1 AND NOT (is_claimed = 1 AND next_at_ms > ?2) RETURNING {COLUMNS}"
        ))
        .and_then(|mut statement| {
            let given = params![id, signed(now_ms)];
            statement.query_row(given, effect).optional()
        })
        .map_err(failed("retry the effect"))?;
    Ok(due.map_or(Retried::BeingSent, Retried::Due))
}

/// Takes away effects that nobody will send, beyond what is kept; says how many. It looks at some
/// apps, not always the same.
pub(super) fn prune(transaction: &Transaction<'_>, keep: Keep) -> Result<usize, StoreError> {
    let oldest_ms = signed(keep.oldest_ms(clock::now_ms()));
    let mut pruned = 0;
    for app in some_apps(transaction, "outbox")? {
        pruned += transaction
            .prepare_cached(
                "DELETE FROM outbox WHERE id IN (
                   SELECT id FROM outbox WHERE app = ?1 AND next_at_ms IS NULL AND at_ms <= MAX(
                     ?2, IFNULL((SELECT at_ms FROM outbox WHERE app = ?1 AND next_at_ms IS NULL
                                 ORDER BY at_ms DESC LIMIT 1 OFFSET ?3), 0))
                   ORDER BY at_ms LIMIT ?4)",
            )
            .and_then(|mut statement| {
                let room = count(PRUNED_MAX.saturating_sub(pruned));
                statement.execute(params![app, oldest_ms, count(keep.count), room])
            })
            .map_err(failed("forget effects"))?;
    }
    Ok(pruned)
}

/// At most so many apps that have rows in this table, any of them, found by leaps.
pub(super) fn some_apps(
    transaction: &Transaction<'_>,
    table: &'static str,
) -> Result<Vec<String>, StoreError> {
    let found: rusqlite::Result<Vec<String>> = transaction
        .prepare_cached(&format!(
            "WITH RECURSIVE known (app) AS (
               SELECT MIN(app) FROM {table}
               UNION ALL
               SELECT (SELECT MIN(t.app) FROM {table} t WHERE t.app > known.app)
               FROM known WHERE known.app IS NOT NULL
             )
             SELECT app FROM known WHERE app IS NOT NULL"
        ))
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect());
    let mut apps = found.map_err(failed("look for apps"))?;
    fastrand::shuffle(&mut apps);
    apps.truncate(PRUNED_APPS_MAX);
    Ok(apps)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn effect(row: &Row<'_>) -> rusqlite::Result<Effect> {
    let (kind, state): (String, String) = (row.get(4)?, row.get(7)?);
    let next_at_ms: Option<i64> = row.get(9)?;
    Ok(Effect {
        id: row.get(0)?,
        app: row.get(1)?,
        job: row.get(2)?,
        hook: row.get(3)?,
        // The table allows no other names.
        kind: EffectKind::named(&kind).unwrap_or(EffectKind::Push),
        at_ms: unsigned(row.get(5)?),
        payload: row.get(6)?,
        state: EffectState::named(&state).unwrap_or(EffectState::Failed),
        attempts: row.get(8)?,
        next_at_ms: next_at_ms.map(unsigned),
        error: row.get(10)?,
    })
}
