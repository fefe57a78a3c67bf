//! A collection in a list: what the store must answer, by the query language alone, without SQL.

use lode_store::query::{
    Document, Filter, FindOptions, SortBuffer, Update, UpdateOptions, check_collection,
};
use lode_store::{DocOp, StoreError};
use serde_json::{Map, Value};

/// Bytes of all documents from which on the limits of results and of memory come into play, which
/// the model does not know.
pub const BYTES_MAX: usize = 4 << 20;

/// The documents in the order of insertion.
#[derive(Debug, Default)]
pub struct Model {
    documents: Vec<Document>,
}

/// What an operation answers.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// This JSON text.
    Json(String),
    /// A document with an `_id` that the store makes: this text, which the model takes from it.
    MadeId,
}

impl Model {
    /// The documents in the order of insertion, as texts.
    pub fn texts(&self) -> Vec<&str> {
        self.documents.iter().map(|d| d.text.as_str()).collect()
    }

    /// The documents in the order of insertion.
    pub fn documents(&self) -> Vec<Map<String, Value>> {
        self.documents.iter().map(|d| fields(&d.text)).collect()
    }

    /// Bytes of all documents.
    pub fn bytes(&self) -> usize {
        self.documents.iter().map(|d| d.text.len()).sum()
    }

    /// Takes over what the store holds, after it has made an `_id`.
    pub fn adopt(&mut self, documents: &[Value]) {
        let document = |value: &Value| {
            let fields = Document::object(value.clone()).expect("a stored document is an object");
            Document::new(fields, || unreachable!("it has an _id")).expect("it was stored before")
        };
        self.documents = documents.iter().map(document).collect();
    }

    /// Carries out one operation; on an error nothing has changed.
    pub fn execute(&mut self, op: &DocOp) -> Result<Answer, StoreError> {
        check_collection(op.collection())?;
        match op {
            DocOp::Find { query, options, .. } => {
                let filter = Filter::parse(query)?;
                let found = self.find(&filter, &FindOptions::parse(options)?)?;
                Ok(Answer::Json(format!("[{}]", found.join(","))))
            }
            DocOp::FindOne { query, options, .. } => {
                let filter = Filter::parse(query)?;
                let options = FindOptions {
                    limit: Some(1),
                    ..FindOptions::parse(options)?
                };
                let found = self.find(&filter, &options)?.pop();
                Ok(Answer::Json(found.unwrap_or_else(|| "null".to_owned())))
            }
            DocOp::Count { query, .. } => {
                let count = self.matching(&Filter::parse(query)?).len();
                Ok(Answer::Json(format!(r#"{{"count":{count}}}"#)))
            }
            DocOp::CollectionExists { .. } => {
                Ok(Answer::Json((!self.documents.is_empty()).to_string()))
            }
            DocOp::Insert { entity, .. } => self.insert(entity),
            DocOp::Save { entity, .. } => self.save(entity),
            DocOp::Update {
                query,
                entity,
                options,
                ..
            } => self.update(query, entity, options),
            DocOp::Remove { query, .. } => {
                let doomed = self.matching(&Filter::parse(query)?);
                for index in doomed.iter().rev() {
                    self.documents.remove(*index);
                }
                let count = doomed.len();
                Ok(Answer::Json(format!(r#"{{"count":{count}}}"#)))
            }
            DocOp::FindAndModify { .. }
            | DocOp::FindAndRemove { .. }
            | DocOp::Distinct { .. }
            | DocOp::GeoNear { .. } => unreachable!("no step asks for it"),
        }
    }

    fn matching(&self, filter: &Filter) -> Vec<usize> {
        let matches = |(_, document): &(usize, &Document)| filter.matches(&fields(&document.text));
        let found = self.documents.iter().enumerate().filter(matches);
        found.map(|(index, _)| index).collect()
    }

    fn find(&self, filter: &Filter, options: &FindOptions) -> Result<Vec<String>, StoreError> {
        // Everything is kept: what a limit may drop early is the store's affair.
        let mut sorted = SortBuffer::new(options.sort.clone(), None);
        for index in self.matching(filter) {
            let text = &self.documents[index].text;
            sorted.push(&fields(text), text.clone())?;
        }
        let limit = options.limit.unwrap_or(usize::MAX);
        let chosen = sorted.finish().into_iter().skip(options.skip).take(limit);
        let trimmed = |text: String| {
            if options.fields.keeps_all() {
                return Ok(text);
            }
            let kept = options.fields.trimmed(fields(&text), filter)?;
            Ok(Value::Object(kept).to_string())
        };
        chosen.map(trimmed).collect()
    }

    fn position(&self, document: &Document) -> Option<usize> {
        self.documents.iter().position(|d| d.id == document.id)
    }

    /// Adds the documents, all or none.
    fn insert(&mut self, entity: &Value) -> Result<Answer, StoreError> {
        let objects = match entity {
            Value::Array(entities) => {
                let objects = entities.iter().cloned().map(Document::object);
                objects.collect::<Result<_, _>>().map_err(bad_element)?
            }
            single => vec![Document::object(single.clone())?],
        };
        let before = self.documents.len();
        let made_id = objects.iter().any(|fields| !fields.contains_key("_id"));
        // Every document is read before the first is inserted.
        let read = |(number, fields)| Document::new(fields, || format!("made {number}"));
        let documents: Vec<Document> = (before..)
            .zip(objects)
            .map(read)
            .collect::<Result<_, _>>()?;
        let inserted =
            documents
                .into_iter()
                .try_for_each(|document| match self.position(&document) {
                    Some(_) => Err(StoreError::DuplicateKey {
                        collection: String::new(),
                        id: document.id,
                    }),
                    None => {
                        self.documents.push(document);
                        Ok(())
                    }
                });
        if let Err(error) = inserted {
            self.documents.truncate(before);
            return Err(error);
        }
        if made_id {
            return Ok(Answer::MadeId);
        }
        Ok(Answer::Json(format!(
            "[{}]",
            self.texts()[before..].join(",")
        )))
    }

    fn save(&mut self, entity: &Value) -> Result<Answer, StoreError> {
        let fields = Document::object(entity.clone())?;
        let made_id = !fields.contains_key("_id");
        let document = Document::new(fields, || "made".to_owned())?;
        let text = document.text.clone();
        match self.position(&document) {
            Some(index) => self.documents[index].text = document.text,
            None => self.documents.push(document),
        }
        Ok(if made_id {
            Answer::MadeId
        } else {
            Answer::Json(text)
        })
    }

    fn update(
        &mut self,
        query: &Value,
        entity: &Value,
        options: &Value,
    ) -> Result<Answer, StoreError> {
        let filter = Filter::parse(query)?;
        let update = Update::parse(entity)?;
        let options = UpdateOptions::parse(options)?;
        if options.multi && matches!(update, Update::Replace(_)) {
            return Err(StoreError::BadUpdate(String::new()));
        }
        let mut matched = self.matching(&filter);
        if !options.multi {
            matched.truncate(1);
        }
        let mut changed = Vec::new();
        for &index in &matched {
            let updated = update.applied(&fields(&self.documents[index].text), &filter, 0)?;
            changed.push((
                index,
                Document::new(updated, || unreachable!("it has an _id"))?,
            ));
        }
        for (index, document) in changed {
            assert_eq!(
                document.id, self.documents[index].id,
                "an update keeps the _id"
            );
            check_set(entity, &document.text);
            self.documents[index] = document;
        }
        if !matched.is_empty() || !options.upsert {
            let (count, existing) = (matched.len(), !matched.is_empty());
            return Ok(Answer::Json(format!(
                r#"{{"numberAffected":{count},"updatedExisting":{existing}}}"#
            )));
        }
        let upserted = update.inserted(&filter, 0)?;
        let made_id = !upserted.contains_key("_id");
        let document = Document::new(upserted, || "made".to_owned())?;
        if self.position(&document).is_some() {
            return Err(StoreError::DuplicateKey {
                collection: String::new(),
                id: document.id,
            });
        }
        check_set(entity, &document.text);
        self.documents.push(document);
        Ok(if made_id {
            Answer::MadeId
        } else {
            Answer::Json(r#"{"numberAffected":1,"updatedExisting":false}"#.to_owned())
        })
    }
}

/// What `$set` has written is found by an equality on the same path.
fn check_set(entity: &Value, text: &str) {
    let Some(set) = entity.get("$set").and_then(Value::as_object) else {
        return;
    };
    // `$` and `$[]` are of updates alone.
    for (path, value) in set.iter().filter(|(path, _)| !path.contains('$')) {
        let query = Map::from_iter([(
            path.clone(),
            Value::Object(Map::from_iter([("$eq".to_owned(), value.clone())])),
        )]);
        if let Ok(filter) = Filter::parse(&Value::Object(query)) {
            assert!(
                filter.matches(&fields(text)),
                "$set of {path} to {value} made {text}"
            );
        }
    }
}

/// The store names the element of an insert that is no object, whatever else it is.
fn bad_element(error: StoreError) -> StoreError {
    StoreError::BadDocument(error.to_string())
}

fn fields(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).expect("a document's text is a JSON object")
}
