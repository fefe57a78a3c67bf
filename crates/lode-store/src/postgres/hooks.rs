//! Hooks and their versions in their tables: versions are only ever added, one is active.

use tokio_postgres::Row;

use crate::postgres::sql::Param;
use crate::postgres::transaction::Transaction;
use crate::postgres::{signed, unsigned};
use crate::{HookHead, HookKind, HookVersion, NewHook, Script, StoreError, clock};

pub(super) async fn put(
    transaction: &Transaction<'_>,
    put: &NewHook,
) -> Result<HookVersion, StoreError> {
    lock(transaction, &put.app).await?;
    let active = one(transaction, &put.app, &put.name, None).await?;
    if let Some(active) = active
        && active.source == put.source
    {
        return Ok(active);
    }
    let stored = HookVersion {
        app: put.app.clone(),
        name: put.name.clone(),
        kind: put.kind,
        version: newest(transaction, &put.name).await? + 1,
        source: put.source.clone(),
        created_ms: clock::now_ms(),
    };
    let app = || Param::from(transaction.app());
    let (name, version) = (
        Param::from(&stored.name),
        Param::from(signed(stored.version)),
    );
    let sql = "INSERT INTO hooks (app, name, kind, active) VALUES ($1, $2, $3, $4)
               ON CONFLICT (app, name) DO UPDATE SET active = excluded.active";
    let head = [
        app(),
        name.clone(),
        stored.kind.as_str().into(),
        version.clone(),
    ];
    transaction.execute(sql, &head, "store the hook").await?;
    let sql = "INSERT INTO hook_versions (app, name, version, source, created_ms)
               VALUES ($1, $2, $3, $4, $5)";
    let source = Param::from(&stored.source);
    let row = [
        app(),
        name,
        version,
        source,
        signed(stored.created_ms).into(),
    ];
    transaction
        .execute(sql, &row, "store the hook's version")
        .await?;
    Ok(stored)
}

/// Whoever changes the hooks of an app goes one after the other: each sees the versions before.
async fn lock(transaction: &Transaction<'_>, app: &str) -> Result<(), StoreError> {
    transaction.require_app(app)?;
    let sql = "SELECT 1 FROM apps WHERE id = $1 FOR NO KEY UPDATE";
    let params = [transaction.app().into()];
    let step = "wait for other changes of the hooks";
    transaction.query(sql, &params, step).await.map(drop)
}

pub(super) async fn roll_back(
    transaction: &Transaction<'_>,
    app: &str,
    name: &str,
    version: Option<u64>,
) -> Result<HookVersion, StoreError> {
    lock(transaction, app).await?;
    let Some(active) = one(transaction, app, name, None).await? else {
        return Err(StoreError::UnknownHook {
            app: app.to_owned(),
            name: name.to_owned(),
        });
    };
    let target = version.unwrap_or_else(|| active.version.saturating_sub(1));
    let Some(found) = one(transaction, app, name, Some(target)).await? else {
        let wanted = version.map_or_else(
            || format!("version before {}", active.version),
            |v| format!("version {v}"),
        );
        return Err(StoreError::UnknownVersion {
            app: app.to_owned(),
            name: name.to_owned(),
            wanted,
            newest: newest(transaction, name).await?,
        });
    };
    let sql = "UPDATE hooks SET active = $3 WHERE app = $1 AND name = $2";
    let params = [transaction.app().into(), name.into(), signed(target).into()];
    transaction
        .execute(sql, &params, "roll the hook back")
        .await?;
    Ok(found)
}

pub(super) async fn all(
    transaction: &Transaction<'_>,
    app: &str,
) -> Result<Vec<HookHead>, StoreError> {
    transaction.require_app(app)?;
    let sql = "SELECT h.name, h.kind, h.active,
                      (SELECT COUNT(*) FROM hook_versions c WHERE c.app = h.app AND c.name = h.name),
                      v.created_ms
               FROM hooks h JOIN hook_versions v
                 ON v.app = h.app AND v.name = h.name AND v.version = h.active
               WHERE h.app = $1 ORDER BY h.name";
    let params = [transaction.app().into()];
    let rows = transaction.query(sql, &params, "read the hooks").await?;
    let head = |row: &Row| {
        Ok(HookHead {
            name: row.get(0),
            kind: kind(row.get(1))?,
            active: unsigned(row.get(2)),
            versions: unsigned(row.get(3)),
            created_ms: unsigned(row.get(4)),
        })
    };
    rows.iter().map(head).collect()
}

pub(super) async fn one(
    transaction: &Transaction<'_>,
    app: &str,
    name: &str,
    version: Option<u64>,
) -> Result<Option<HookVersion>, StoreError> {
    // No hook has such a name, and no text of Postgres.
    if name.contains('\0') {
        return Ok(None);
    }
    let sql = "SELECT h.kind, v.version, v.source, v.created_ms
               FROM hooks h JOIN hook_versions v
                 ON v.app = h.app AND v.name = h.name AND v.version = COALESCE($3, h.active)
               WHERE h.app = $1 AND h.name = $2";
    let wanted = version.map(signed);
    let params = [transaction.app().into(), name.into(), wanted.into()];
    let rows = transaction.query(sql, &params, "read the hook").await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    Ok(Some(HookVersion {
        app: app.to_owned(),
        name: name.to_owned(),
        kind: kind(row.get(0))?,
        version: unsigned(row.get(1)),
        source: row.get(2),
        created_ms: unsigned(row.get(3)),
    }))
}

pub(super) async fn script(
    transaction: &Transaction<'_>,
    app: &str,
    name: &str,
) -> Result<Option<Script>, StoreError> {
    let Some(hook) = one(transaction, app, name, None).await? else {
        return Ok(None);
    };
    match hook.kind {
        HookKind::Common => return Ok(None),
        HookKind::Hook => {}
    }
    let sql = "SELECT h.name, v.source
               FROM hooks h JOIN hook_versions v
                 ON v.app = h.app AND v.name = h.name AND v.version = h.active
               WHERE h.app = $1 AND h.kind = 'common' ORDER BY h.name";
    let params = [transaction.app().into()];
    let rows = transaction
        .query(sql, &params, "read the common code")
        .await?;
    Ok(Some(Script {
        common: rows.iter().map(|row| (row.get(0), row.get(1))).collect(),
        name: hook.name,
        version: hook.version,
        source: hook.source,
    }))
}

/// The newest version's number; 0 when there is none.
async fn newest(transaction: &Transaction<'_>, name: &str) -> Result<u64, StoreError> {
    let sql = "SELECT COALESCE(MAX(version), 0) FROM hook_versions WHERE app = $1 AND name = $2";
    let params = [transaction.app().into(), name.into()];
    let step = "read the hook's versions";
    let rows = transaction.query(sql, &params, step).await?;
    Ok(rows.first().map_or(0, |row| unsigned(row.get(0))))
}

fn kind(stored: &str) -> Result<HookKind, StoreError> {
    HookKind::parse(stored).ok_or_else(|| {
        let what = format!("table hooks: there is no kind {stored:?}, only hook and common");
        StoreError::unavailable("read the hook", what)
    })
}
