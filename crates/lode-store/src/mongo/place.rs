//! One collection of one app, and what a search finds there.

use mongodb::Collection;
use mongodb::bson::{Bson, Document, doc};
use serde_json::Value;

use crate::budget::Budget;
use crate::ids::ObjectIds;
use crate::mongo::fault::failed;
use crate::mongo::filter::{Passed, pass};
use crate::mongo::names;
use crate::mongo::server::{MAX_TIME, Server};
use crate::mongo::value::{to_fields, to_json};
use crate::operation::{Row, Search, Sink};
use crate::query::Filter;
use crate::{DocOp, StoreError};

/// What the caller wrote, beside what the parsers made of it.
#[derive(Debug)]
pub(super) struct Asked {
    /// The query as it goes to the server.
    pub(super) passed: Passed,
    /// Of an update.
    pub(super) entity: Value,
}

impl Asked {
    /// Keeps of an operation what goes to the server; the operation has been read.
    pub(super) fn of(op: DocOp) -> Result<Self, StoreError> {
        let none = Value::Object(serde_json::Map::new());
        let is_by_place = matches!(op, DocOp::GeoNear { .. });
        let (query, entity) = match op {
            DocOp::Find { query, .. }
            | DocOp::FindOne { query, .. }
            | DocOp::Distinct { query, .. }
            | DocOp::Remove { query, .. }
            | DocOp::FindAndRemove { query, .. }
            | DocOp::Count { query, .. } => (query, Value::Null),
            DocOp::Update { query, entity, .. } | DocOp::FindAndModify { query, entity, .. } => {
                (query, entity)
            }
            DocOp::GeoNear { mut options, .. } => {
                let query = options.get_mut("query").map(Value::take);
                (
                    query.filter(|query| !query.is_null()).unwrap_or(none),
                    Value::Null,
                )
            }
            DocOp::Insert { .. } | DocOp::Save { .. } | DocOp::CollectionExists { .. } => {
                (none, Value::Null)
            }
        };
        let mut passed = pass(&query)?;
        if is_by_place {
            // Nothing else is at any distance.
            passed.filter = doc! {"$and": [passed.filter, {"_geoloc": {"$exists": true}}]};
            passed.is_whole = false;
        }
        Ok(Self { passed, entity })
    }
}

/// Where an operation is carried out.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) server: &'a Server,
    /// As the caller wrote it.
    pub(super) app: &'a str,
    pub(super) collection: &'a str,
    /// Of the collection on the server.
    pub(super) name: String,
    pub(super) ids: &'a ObjectIds,
    pub(super) budget: &'a Budget,
}

impl<'a> Place<'a> {
    pub(super) fn new(
        server: &'a Server,
        (app, collection): (&'a str, &'a str),
        ids: &'a ObjectIds,
        budget: &'a Budget,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            server,
            app,
            collection,
            name: names::collection(server.database(), app, collection)?,
            ids,
            budget,
        })
    }

    pub(super) fn documents(&self) -> Collection<Document> {
        self.server.collection(&self.name)
    }

    /// Offers what the server finds to the matcher, and what matches to the sink. Gives what was
    /// offered, if it is to be `kept`: the sink knows each by its number in it.
    pub(super) async fn judge(
        &self,
        passed: &Passed,
        filter: &Filter,
        sink: &mut dyn Sink,
        kept: impl Fn(Document) -> Option<Bson>,
    ) -> Result<Vec<Bson>, StoreError> {
        let failed = || failed("read documents");
        let documents = self.documents();
        let found = documents.find(passed.filter.clone());
        let mut cursor = found.max_time(MAX_TIME).await.map_err(failed())?;
        let mut search = Search::new(self.app, self.collection, filter, self.budget);
        let mut offered = Vec::new();
        let mut seq = 0;
        while cursor.advance().await.map_err(failed())? {
            let document = cursor.deserialize_current().map_err(failed())?;
            let fields = Value::Object(to_fields(document.clone()));
            let id = document.get("_id").cloned().map_or(Value::Null, to_json);
            let row = Row {
                seq,
                id: &id.to_string(),
                text: &fields.to_string(),
            };
            offered.extend(kept(document));
            seq += 1;
            if search.offer(row, sink)?.is_break() {
                break;
            }
        }
        Ok(offered)
    }
}
