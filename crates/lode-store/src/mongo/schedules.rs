//! Schedules in their collection.

use mongodb::bson::{Document, doc};
use serde::{Deserialize, Serialize};

use crate::limits::SCHEDULES_MAX;
use crate::mongo::fault::failed;
use crate::mongo::names::SCHEDULES;
use crate::mongo::server::{MAX_TIME, Server};
use crate::mongo::{signed, unsigned};
use crate::{NewSchedule, Schedule, StoreError, clock};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "_id")]
    id: String,
    app: String,
    name: String,
    hook: String,
    start_ms: Option<i64>,
    every: Option<String>,
    cron: Option<String>,
    request: Option<String>,
    created_ms: i64,
}

impl From<Stored> for Schedule {
    fn from(stored: Stored) -> Self {
        Self {
            app: stored.app,
            name: stored.name,
            hook: stored.hook,
            start_ms: stored.start_ms.map(unsigned),
            every: stored.every,
            cron: stored.cron,
            request: stored.request,
            created_ms: unsigned(stored.created_ms),
        }
    }
}

pub(super) async fn put(server: &Server, put: NewSchedule) -> Result<Schedule, StoreError> {
    server.require_app(&put.app).await?;
    let id = id(&put.app, &put.name);
    let step = "store the schedule";
    let schedules = server.collection::<Stored>(SCHEDULES);
    let found = schedules
        .find_one(doc! {"_id": &id})
        .max_time(MAX_TIME)
        .await;
    let found = found.map_err(failed(step))?;
    let mut stored = Stored {
        id,
        app: put.app,
        name: put.name,
        hook: put.hook,
        start_ms: put.start_ms.map(signed),
        every: put.every,
        cron: put.cron,
        request: put.request,
        created_ms: found.as_ref().map_or(0, |found| found.created_ms),
    };
    if found.as_ref() == Some(&stored) {
        return Ok(stored.into());
    }
    stored.created_ms = signed(clock::now_ms());
    let replaced = schedules
        .replace_one(doc! {"_id": &stored.id}, &stored)
        .upsert(true);
    replaced.await.map_err(failed(step))?;
    if found.is_none() && number(server, &stored.app).await? > SCHEDULES_MAX {
        // Counted with it: of two that are one too many together, none slips in.
        delete(server, &stored.app, &stored.name).await?;
        return Err(StoreError::LimitExceeded {
            what: format!("one more schedule of the app `{}`", stored.app),
            limit: format!("{SCHEDULES_MAX} schedules"),
            advice: "delete one that is not needed, or let one endpoint do several things",
        });
    }
    Ok(stored.into())
}

async fn number(server: &Server, app: &str) -> Result<usize, StoreError> {
    let counted = server
        .collection::<Document>(SCHEDULES)
        .count_documents(doc! {"app": app})
        .max_time(MAX_TIME)
        .await
        .map_err(failed("count the schedules"))?;
    Ok(usize::try_from(counted).unwrap_or(usize::MAX))
}

pub(super) async fn all(server: &Server, app: Option<&str>) -> Result<Vec<Schedule>, StoreError> {
    let filter = match app {
        Some(app) => {
            server.require_app(app).await?;
            doc! {"app": app}
        }
        None => doc! {},
    };
    let by_name = (filter, doc! {"app": 1, "name": 1});
    let found: Vec<Stored> = server
        .list(SCHEDULES, by_name, None, "read the schedules")
        .await?;
    Ok(found.into_iter().map(Schedule::from).collect())
}

pub(super) async fn delete(server: &Server, app: &str, name: &str) -> Result<bool, StoreError> {
    let deleted = server
        .collection::<Document>(SCHEDULES)
        .delete_one(doc! {"_id": id(app, name)})
        .await
        .map_err(failed("delete the schedule"))?;
    Ok(deleted.deleted_count > 0)
}

/// An app's id has no slash, so the first one ends it.
fn id(app: &str, name: &str) -> String {
    format!("{app}/{name}")
}
