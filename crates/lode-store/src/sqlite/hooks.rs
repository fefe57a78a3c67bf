//! Hooks and their versions in their tables: versions are only ever added, one is active.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use crate::sqlite::{failed, require_app, signed, unsigned};
use crate::{HookHead, HookKind, HookVersion, NewHook, Script, StoreError, clock};

pub(super) fn put(transaction: &Transaction<'_>, put: NewHook) -> Result<HookVersion, StoreError> {
    require_app(transaction, &put.app)?;
    let active = one(transaction, &put.app, &put.name, None)?;
    if let Some(active) = active
        && active.source == put.source
    {
        return Ok(active);
    }
    let version = newest(transaction, &put.app, &put.name)? + 1;
    let stored = HookVersion {
        app: put.app,
        name: put.name,
        kind: put.kind,
        version,
        source: put.source,
        created_ms: clock::now_ms(),
    };
    transaction
        .prepare_cached(
            "INSERT INTO hooks (app, name, kind, active) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (app, name) DO UPDATE SET active = excluded.active",
        )
        .and_then(|mut statement| {
            let kind = stored.kind.as_str();
            statement.execute(params![stored.app, stored.name, kind, signed(version)])
        })
        .map_err(failed("store the hook"))?;
    transaction
        .prepare_cached(
            "INSERT INTO hook_versions (app, name, version, source, created_ms)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                stored.app,
                stored.name,
                signed(version),
                stored.source,
                signed(stored.created_ms),
            ])
        })
        .map_err(failed("store the hook's version"))?;
    Ok(stored)
}

pub(super) fn roll_back(
    transaction: &Transaction<'_>,
    app: &str,
    name: &str,
    version: Option<u64>,
) -> Result<HookVersion, StoreError> {
    require_app(transaction, app)?;
    let Some(active) = one(transaction, app, name, None)? else {
        return Err(StoreError::UnknownHook {
            app: app.to_owned(),
            name: name.to_owned(),
        });
    };
    let target = version.unwrap_or_else(|| active.version.saturating_sub(1));
    let Some(found) = one(transaction, app, name, Some(target))? else {
        let wanted = version.map_or_else(
            || format!("version before {}", active.version),
            |v| format!("version {v}"),
        );
        return Err(StoreError::UnknownVersion {
            app: app.to_owned(),
            name: name.to_owned(),
            wanted,
            newest: newest(transaction, app, name)?,
        });
    };
    transaction
        .prepare_cached("UPDATE hooks SET active = ?3 WHERE app = ?1 AND name = ?2")
        .and_then(|mut statement| statement.execute(params![app, name, signed(target)]))
        .map_err(failed("roll the hook back"))?;
    Ok(found)
}

pub(super) fn all(transaction: &Transaction<'_>, app: &str) -> Result<Vec<HookHead>, StoreError> {
    require_app(transaction, app)?;
    let head = |row: &Row<'_>| {
        Ok(HookHead {
            name: row.get(0)?,
            kind: row.get(1)?,
            active: unsigned(row.get(2)?),
            versions: unsigned(row.get(3)?),
            created_ms: unsigned(row.get(4)?),
        })
    };
    transaction
        .prepare_cached(
            "SELECT h.name, h.kind, h.active,
                    (SELECT COUNT(*) FROM hook_versions c WHERE c.app = h.app AND c.name = h.name),
                    v.created_ms
             FROM hooks h JOIN hook_versions v
               ON v.app = h.app AND v.name = h.name AND v.version = h.active
             WHERE h.app = ?1 ORDER BY h.name",
        )
        .and_then(|mut statement| statement.query_map([app], head)?.collect())
        .map_err(failed("read the hooks"))
}

pub(super) fn one(
    transaction: &Transaction<'_>,
    app: &str,
    name: &str,
    version: Option<u64>,
) -> Result<Option<HookVersion>, StoreError> {
    let hook = |row: &Row<'_>| {
        Ok(HookVersion {
            app: app.to_owned(),
            name: name.to_owned(),
            kind: row.get(0)?,
            version: unsigned(row.get(1)?),
            source: row.get(2)?,
            created_ms: unsigned(row.get(3)?),
        })
    };
    transaction
        .prepare_cached(
            "SELECT h.kind, v.version, v.source, v.created_ms
             FROM hooks h JOIN hook_versions v
               ON v.app = h.app AND v.name = h.name AND v.version = COALESCE(?3, h.active)
             WHERE h.app = ?1 AND h.name = ?2",
        )
        .and_then(|mut statement| {
            statement
                .query_row(params![app, name, version.map(signed)], hook)
                .optional()
        })
        .map_err(failed("read the hook"))
}

pub(super) fn script(
    transaction: &Transaction<'_>,
    app: &str,
    name: &str,
) -> Result<Option<Script>, StoreError> {
    let Some(hook) = one(transaction, app, name, None)? else {
        return Ok(None);
    };
    match hook.kind {
        HookKind::Common => return Ok(None),
        HookKind::Hook => {}
    }
    let common = transaction
        .prepare_cached(
            "SELECT h.name, v.source
             FROM hooks h JOIN hook_versions v
               ON v.app = h.app AND v.name = h.name AND v.version = h.active
             WHERE h.app = ?1 AND h.kind = 'common' ORDER BY h.name",
        )
        .and_then(|mut statement| {
            statement
                .query_map([app], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
        .map_err(failed("read the common code"))?;
    Ok(Some(Script {
        common,
        name: hook.name,
        version: hook.version,
        source: hook.source,
    }))
}

/// The newest version's number; 0 when there is none.
fn newest(transaction: &Transaction<'_>, app: &str, name: &str) -> Result<u64, StoreError> {
    transaction
        .prepare_cached(
            "SELECT COALESCE(MAX(version), 0) FROM hook_versions WHERE app = ?1 AND name = ?2",
        )
        .and_then(|mut statement| statement.query_row([app, name], |row| row.get(0)))
        .map(unsigned)
        .map_err(failed("read the hook's versions"))
}

impl FromSql for HookKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(value.as_str()?).ok_or(FromSqlError::InvalidType)
    }
}
