//! Apps in their collection, by id.

use mongodb::bson::doc;
use serde::{Deserialize, Serialize};

use crate::mongo::fault::{Fault, USERNAMES, failed};
use crate::mongo::names::{APPS, collection};
use crate::mongo::server::{MAX_TIME, Server};
use crate::mongo::{signed, unsigned};
use crate::{App, AppLimits, NewApp, StoreError, clock, ids};

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "_id")]
    id: String,
    app_secret: String,
    master_secret: String,
    /// JSON, as on the other stores: what is no longer allowed must not make the app unreadable.
    limits: String,
    created_ms: i64,
}

impl From<Stored> for App {
    fn from(stored: Stored) -> Self {
        Self {
            limits: AppLimits::stored(&stored.id, &stored.limits),
            id: stored.id,
            app_secret: stored.app_secret,
            master_secret: stored.master_secret,
            created_ms: unsigned(stored.created_ms),
        }
    }
}

pub(super) async fn create(server: &Server, new: NewApp) -> Result<App, StoreError> {
    let or_made = |given: Option<String>| {
        let made =
            || ids::secret().map_err(|error| StoreError::unavailable("read /dev/urandom", error));
        given.map_or_else(made, Ok)
    };
    let stored = Stored {
        app_secret: or_made(new.app_secret)?,
        master_secret: or_made(new.master_secret)?,
        limits: limits_text(&new.limits),
        created_ms: signed(clock::now_ms()),
        id: new.id,
    };
    // First: an app that is there has its users' index.
    keep_usernames_unique(server, &stored.id).await?;
    match server.collection::<Stored>(APPS).insert_one(&stored).await {
        Ok(_) => Ok(stored.into()),
        Err(error) if Fault::of(&error).is_duplicate_key() => {
            Err(StoreError::AppExists { app: stored.id })
        }
        Err(error) => Err(failed("create the app")(error)),
    }
}

/// A username that is no text, or is missing, is nobody's.
async fn keep_usernames_unique(server: &Server, app: &str) -> Result<(), StoreError> {
    let command = doc! {
        "createIndexes": collection(server.database(), app, "user")?,
        "indexes": [{
            "key": {"username": 1},
            "name": USERNAMES,
            "unique": true,
            "partialFilterExpression": {"username": {"$type": "string"}},
        }],
    };
    let made = server.write(command).await;
    made.map(drop)
        .map_err(|fault| fault.during("prepare the app's users"))
}

pub(super) async fn update_limits(
    server: &Server,
    id: &str,
    limits: &AppLimits,
) -> Result<App, StoreError> {
    let updated = server
        .collection::<Stored>(APPS)
        .find_one_and_update(
            doc! {"_id": id},
            doc! {"$set": {"limits": limits_text(limits)}},
        )
        .return_document(mongodb::options::ReturnDocument::After)
        .max_time(MAX_TIME)
        .await
        .map_err(failed("change the app's limits"))?;
    updated
        .map(App::from)
        .ok_or_else(|| StoreError::UnknownApp { app: id.to_owned() })
}

pub(super) async fn one(server: &Server, id: &str) -> Result<Option<App>, StoreError> {
    let found: Option<Stored> = server.one(APPS, doc! {"_id": id}, "read the app").await?;
    Ok(found.map(App::from))
}

pub(super) async fn all(server: &Server) -> Result<Vec<App>, StoreError> {
    let by_id = (doc! {}, doc! {"_id": 1});
    let found: Vec<Stored> = server.list(APPS, by_id, None, "read the apps").await?;
    Ok(found.into_iter().map(App::from).collect())
}

fn limits_text(limits: &AppLimits) -> String {
    serde_json::to_string(limits).expect("a struct of numbers is always JSON")
}
