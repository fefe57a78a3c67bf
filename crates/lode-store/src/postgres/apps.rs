//! Apps in their table.

use tokio_postgres::Row;

use crate::postgres::sql::Param;
use crate::postgres::transaction::Transaction;
use crate::postgres::{signed, unsigned};
use crate::{App, AppLimits, NewApp, StoreError, clock, ids};

const COLUMNS: &str = "id, app_secret, master_secret, limits, created_ms";

pub(super) async fn create(transaction: &Transaction<'_>, new: &NewApp) -> Result<App, StoreError> {
    let or_made = |given: &Option<String>| {
        let made =
            || ids::secret().map_err(|error| StoreError::unavailable("read /dev/urandom", error));
        given.clone().map_or_else(made, Ok)
    };
    let app = App {
        id: new.id.clone(),
        app_secret: or_made(&new.app_secret)?,
        master_secret: or_made(&new.master_secret)?,
        limits: new.limits.clone(),
        created_ms: clock::now_ms(),
    };
    let sql =
        format!("INSERT INTO apps ({COLUMNS}) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING");
    let params: [Param; 5] = [
        (&app.id).into(),
        (&app.app_secret).into(),
        (&app.master_secret).into(),
        limits_text(&app.limits).into(),
        signed(app.created_ms).into(),
    ];
    match transaction.execute(&sql, &params, "create the app").await? {
        0 => Err(StoreError::AppExists { app: app.id }),
        _ => Ok(app),
    }
}

pub(super) async fn update_limits(
    transaction: &Transaction<'_>,
    id: &str,
    limits: &AppLimits,
) -> Result<App, StoreError> {
    let sql = format!("UPDATE apps SET limits = $2 WHERE id = $1 RETURNING {COLUMNS}");
    let params = [transaction.app().into(), limits_text(limits).into()];
    let step = "update the app's limits";
    let rows = transaction.query(&sql, &params, step).await?;
    rows.first()
        .map(app)
        .ok_or_else(|| StoreError::UnknownApp { app: id.to_owned() })
}

pub(super) async fn one(transaction: &Transaction<'_>) -> Result<Option<App>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM apps WHERE id = $1");
    let params = [transaction.app().into()];
    let rows = transaction.query(&sql, &params, "read the app").await?;
    Ok(rows.first().map(app))
}

pub(super) async fn all(transaction: &Transaction<'_>) -> Result<Vec<App>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM apps ORDER BY id");
    let rows = transaction.query(&sql, &[], "read the apps").await?;
    Ok(rows.iter().map(app).collect())
}

fn app(row: &Row) -> App {
    let (id, limits): (String, String) = (row.get(0), row.get(3));
    App {
        limits: AppLimits::stored(&id, &limits),
        id,
        app_secret: row.get(1),
        master_secret: row.get(2),
        created_ms: unsigned(row.get(4)),
    }
}

fn limits_text(limits: &AppLimits) -> String {
    serde_json::to_string(limits).expect("a struct of numbers is always JSON")
}
