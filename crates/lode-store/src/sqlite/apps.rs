//! Apps in their table.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use crate::sqlite::{failed, signed, unsigned};
use crate::{App, AppLimits, NewApp, StoreError, clock, ids};

const COLUMNS: &str = "id, app_secret, master_secret, limits, created_ms";

pub(super) fn create(transaction: &Transaction<'_>, new: NewApp) -> Result<App, StoreError> {
    if one(transaction, &new.id)?.is_some() {
        return Err(StoreError::AppExists { app: new.id });
    }
    let or_made = |given: Option<String>| {
        let made =
            || ids::secret().map_err(|error| StoreError::unavailable("read /dev/urandom", error));
        given.map_or_else(made, Ok)
    };
    let app = App {
        id: new.id,
        app_secret: or_made(new.app_secret)?,
        master_secret: or_made(new.master_secret)?,
        limits: new.limits,
        created_ms: clock::now_ms(),
    };
    transaction
        .prepare_cached(&format!(
            "INSERT INTO apps ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5)"
        ))
        .and_then(|mut statement| {
            statement.execute(params![
                app.id,
                app.app_secret,
                app.master_secret,
                limits_text(&app.limits),
                signed(app.created_ms),
            ])
        })
        .map_err(failed("create the app"))?;
    Ok(app)
}

pub(super) fn update_limits(
    transaction: &Transaction<'_>,
    id: &str,
    limits: AppLimits,
) -> Result<App, StoreError> {
    transaction
        .prepare_cached("UPDATE apps SET limits = ?2 WHERE id = ?1")
        .and_then(|mut statement| statement.execute(params![id, limits_text(&limits)]))
        .map_err(failed("update the app's limits"))?;
    one(transaction, id)?.ok_or_else(|| StoreError::UnknownApp { app: id.to_owned() })
}

pub(super) fn one(transaction: &Transaction<'_>, id: &str) -> Result<Option<App>, StoreError> {
    transaction
        .prepare_cached(&format!("SELECT {COLUMNS} FROM apps WHERE id = ?1"))
        .and_then(|mut statement| statement.query_row([id], app).optional())
        .map_err(failed("read the app"))
}

pub(super) fn all(transaction: &Transaction<'_>) -> Result<Vec<App>, StoreError> {
    transaction
        .prepare_cached(&format!("SELECT {COLUMNS} FROM apps ORDER BY id"))
        .and_then(|mut statement| statement.query_map([], app)?.collect())
        .map_err(failed("read the apps"))
}

fn app(row: &Row<'_>) -> rusqlite::Result<App> {
    let (id, limits): (String, String) = (row.get(0)?, row.get(3)?);
    Ok(App {
        limits: AppLimits::stored(&id, &limits),
        id,
        app_secret: row.get(1)?,
        master_secret: row.get(2)?,
        created_ms: unsigned(row.get(4)?),
    })
}

fn limits_text(limits: &AppLimits) -> String {
    serde_json::to_string(limits).expect("a struct of numbers is always JSON")
}
