//! The database action between pre and post hooks, with the entity's access list enforced.

use lode_store::{DocOp, Store, StoreError};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::access::{Access, Right};
use crate::entity::Stamp;
use crate::exchange::Exchange;
use crate::fault::{Failure, Fault};
use crate::limits::REPLACE_ATTEMPTS_MAX;
use crate::{Action, Request, params};

/// What the database has answered.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: u16,
    pub(crate) body: Box<RawValue>,
}

/// Carries out the action on what the pre hooks have left of the request.
pub(crate) async fn act(
    store: &dyn Store,
    request: &Request,
    exchange: &Exchange,
    now_ms: u64,
) -> Result<Done, Failure> {
    let action = Database {
        store,
        app: &request.app,
        collection: &request.collection,
        access: Access::of(&request.identity),
        stamp: Stamp::new(request, now_ms),
    };
    let params = exchange.params();
    let id = |of_url| exchange.entity_id(of_url);
    match &request.action {
        Action::Create => action.create(entity(exchange)?).await,
        Action::Update(of_url) => action.update(&id(of_url), entity(exchange)?).await,
        Action::ReadOne(of_url) => action.read_one(&id(of_url), &params).await,
        Action::Query => action.query(&params).await,
        Action::Count => action.count(&params).await,
        Action::DeleteOne(of_url) => action.delete_one(&id(of_url)).await,
        Action::Delete => action.delete(&params).await,
        // It has no database action of its own.
        Action::Endpoint => Err(Fault::KinveyInternalErrorStop.because("")),
    }
}

/// The entity to be saved.
fn entity(exchange: &Exchange) -> Result<Map<String, Value>, Failure> {
    match exchange.body() {
        Some(Value::Object(entity)) => Ok(entity.clone()),
        _ => Err(Fault::IncompleteRequestBody.because("the body must be an object, the entity")),
    }
}

struct Database<'a> {
    store: &'a dyn Store,
    app: &'a str,
    collection: &'a str,
    access: Access<'a>,
    stamp: Stamp<'a>,
}

impl Database<'_> {
    async fn create(&self, entity: Map<String, Value>) -> Result<Done, Failure> {
        let entity = self.stamp.put_on(entity, None)?;
        let body = self.insert(entity).await?;
        Ok(Done { status: 201, body })
    }

    async fn insert(&self, entity: Map<String, Value>) -> Result<Box<RawValue>, StoreError> {
        let op = DocOp::Insert {
            collection: self.collection.to_owned(),
            entity: Value::Object(entity),
        };
        let inserted: Vec<Box<RawValue>> = self.ask(op).await?;
        let mut inserted = inserted.into_iter();
        Ok(inserted
            .next()
            .expect("an insert replies with what was inserted"))
    }

    async fn read_one(&self, id: &str, given: &Map<String, Value>) -> Result<Done, Failure> {
        let found: Option<Box<RawValue>> = self
            .ask(DocOp::FindOne {
                collection: self.collection.to_owned(),
                query: self.access.with(Right::Read, by_id(id)),
                options: json!({ "fields": params::fields(given)? }),
            })
            .await?;
        match found {
            Some(body) => Ok(Done { status: 200, body }),
            None => Err(self.why_not(id, Right::Read, "read").await?),
        }
    }

    async fn query(&self, given: &Map<String, Value>) -> Result<Done, Failure> {
        let query = params::query(given)?.unwrap_or_default();
        self.ok(DocOp::Find {
            collection: self.collection.to_owned(),
            query: self.access.with(Right::Read, query),
            options: params::find_options(given)?,
        })
        .await
    }

    async fn count(&self, given: &Map<String, Value>) -> Result<Done, Failure> {
        let query = params::query(given)?.unwrap_or_default();
        self.ok(DocOp::Count {
            collection: self.collection.to_owned(),
            query: self.access.with(Right::Read, query),
        })
        .await
    }

    /// Replaces the entity, or creates it. What the replacement keeps of the old entity was read
    /// before it is written; so it is written only where that is still the same.
    async fn update(&self, id: &str, entity: Map<String, Value>) -> Result<Done, Failure> {
        let mut with_id = Map::from_iter([("_id".to_owned(), Value::from(id))]);
        with_id.extend(entity.into_iter().filter(|(name, _)| name != "_id"));
        let keeps_acl = !with_id.contains_key("_acl");
        for _ in 0..REPLACE_ATTEMPTS_MAX {
            let old = self.writable_marks(id).await?;
            let entity = self.stamp.put_on(with_id.clone(), old.as_ref())?;
            let written = match old {
                Some(old) => self.replace(kept(id, &old, keeps_acl), entity).await?,
                None => self.insert_unless_there(id, entity).await?,
            };
            if let Some(body) = written {
                return Ok(Done { status: 200, body });
            }
        }
        Err(Fault::KinveyInternalErrorRetry.because("others changed the entity at the same time"))
    }

    /// `_acl` and `_kmd` of an entity that may be written; none when it may not, or is not there.
    async fn writable_marks(&self, id: &str) -> Result<Option<Map<String, Value>>, Failure> {
        let op = DocOp::FindOne {
            collection: self.collection.to_owned(),
            query: self.access.with(Right::Write, by_id(id)),
            options: json!({"fields": ["_acl", "_kmd"]}),
        };
        Ok(self.ask(op).await?)
    }

    /// None when the entity is not as `query` says any more, or may not be written any more.
    async fn replace(
        &self,
        query: Map<String, Value>,
        entity: Map<String, Value>,
    ) -> Result<Option<Box<RawValue>>, Failure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Updated {
            number_affected: u64,
        }
        let entity = Value::Object(entity);
        let updated: Updated = self
            .ask(DocOp::Update {
                collection: self.collection.to_owned(),
                query: self.access.with(Right::Write, query),
                entity: entity.clone(),
                options: Value::Null,
            })
            .await?;
        Ok((updated.number_affected > 0).then(|| lode_proto::outcome::to_raw(&entity)))
    }

    /// None when it is there by now.
    async fn insert_unless_there(
        &self,
        id: &str,
        entity: Map<String, Value>,
    ) -> Result<Option<Box<RawValue>>, Failure> {
        match self.insert(entity).await {
            Ok(body) => Ok(Some(body)),
            Err(StoreError::DuplicateKey { .. }) if self.denies(id, Right::Write).await? => {
                Err(insufficient("write"))
            }
            Err(StoreError::DuplicateKey { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn delete_one(&self, id: &str) -> Result<Done, Failure> {
        #[derive(Deserialize)]
        struct Removed {
            count: u64,
        }
        let done = self
            .remove(self.access.with(Right::Write, by_id(id)))
            .await?;
        match serde_json::from_str(done.body.get()) {
            Ok(Removed { count: 0 }) => Err(self.why_not(id, Right::Write, "delete").await?),
            _ => Ok(done),
        }
    }

    async fn delete(&self, given: &Map<String, Value>) -> Result<Done, Failure> {
        let query = params::query(given)?.ok_or_else(|| {
            Fault::MissingQuery.because("give the parameter query; {} stands for all entities")
        })?;
        self.remove(self.access.with(Right::Write, query)).await
    }

    async fn remove(&self, query: Value) -> Result<Done, Failure> {
        self.ok(DocOp::Remove {
            collection: self.collection.to_owned(),
            query,
        })
        .await
    }

    /// Why no entity of this id was found among those with the right.
    async fn why_not(&self, id: &str, right: Right, verb: &str) -> Result<Failure, Failure> {
        Ok(match self.denies(id, right).await? {
            true => insufficient(verb),
            false => Fault::EntityNotFound.because(""),
        })
    }

    /// Whether there is an entity of this id, and without the right. One question, not two: it may
    /// come and go at any time.
    async fn denies(&self, id: &str, right: Right) -> Result<bool, StoreError> {
        let Some(query) = self.access.without(right, by_id(id)) else {
            return Ok(false);
        };
        let op = DocOp::FindOne {
            collection: self.collection.to_owned(),
            query,
            options: json!({"fields": ["_id"]}),
        };
        let found: Option<Box<RawValue>> = self.ask(op).await?;
        Ok(found.is_some())
    }

    async fn ok(&self, op: DocOp) -> Result<Done, Failure> {
        let body = self.ask(op).await?;
        Ok(Done { status: 200, body })
    }

    async fn ask<T: DeserializeOwned>(&self, op: DocOp) -> Result<T, StoreError> {
        let reply = self.store.execute(self.app, op).await?;
        Ok(serde_json::from_str(reply.as_json())
            .expect("the store replies with the JSON that DocOp tells"))
    }
}

fn by_id(id: &str) -> Map<String, Value> {
    Map::from_iter([("_id".to_owned(), Value::from(id))])
}

/// The entity `id`, if it still has what a replacement keeps: its access list, or only the creator.
fn kept(id: &str, old: &Map<String, Value>, keeps_acl: bool) -> Map<String, Value> {
    let same = |value: Option<&Value>| match value {
        Some(value) => json!({ "$eq": value }),
        None => json!({ "$exists": false }),
    };
    let mut query = by_id(id);
    let acl = old.get("_acl");
    match acl.and_then(Value::as_object) {
        Some(acl) if !keeps_acl => {
            query.insert("_acl.creator".to_owned(), same(acl.get("creator")));
        }
        _ => {
            query.insert("_acl".to_owned(), same(acl));
        }
    }
    query
}

fn insufficient(verb: &str) -> Failure {
    Fault::InsufficientCredentials.because(format!(
        "the entity's access list does not let this user {verb} it"
    ))
}
