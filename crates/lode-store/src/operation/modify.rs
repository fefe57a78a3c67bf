//! `findAndModify` and `findAndRemove`: the first match in an order, changed or removed.

use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::near::distance;
use super::{Effect, Found, RowWrite, Search, Sink};
use crate::StoreError;
use crate::ids::ObjectIds;
use crate::query::{Document, Filter, ModifyOptions, Occasion, Projection, Sort, SortKey, Update};

/// What is to be done with the document that was chosen.
#[derive(Debug)]
pub(crate) struct FindAndModify {
    pub(crate) sort: Sort,
    pub(crate) modification: Modification,
}

#[derive(Debug)]
pub(crate) enum Modification {
    /// Replies with the document before or after.
    Update(Update, ModifyOptions),
    /// Replies with the document and with `updatedExisting`.
    Remove(Projection),
    /// Replies with the document alone.
    TakeOut,
}

/// Chooses the first match.
#[derive(Debug)]
pub(crate) struct Chooser<'a> {
    order: Order<'a>,
    best: Option<Chosen>,
}

#[derive(Debug)]
enum Order<'a> {
    Insertion,
    Sort(&'a Sort),
    Distance(Sort),
}

#[derive(Debug)]
struct Chosen {
    key: SortKey,
    seq: i64,
    text: String,
    fields: Map<String, Value>,
}

impl<'a> Chooser<'a> {
    pub(crate) fn new(filter: &Filter, sort: &'a Sort) -> Self {
        let order = if !sort.is_empty() {
            Order::Sort(sort)
        } else if filter.near().is_some() {
            Order::Distance(Sort::by_distance())
        } else {
            Order::Insertion
        };
        Self { order, best: None }
    }

    /// The row that was chosen.
    pub(crate) fn chosen(&self) -> Option<i64> {
        self.best.as_ref().map(|best| best.seq)
    }
}

impl Sink for Chooser<'_> {
    fn take(
        &mut self,
        found: Found<'_>,
        search: &Search<'_>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let (sort, key): (&Sort, SortKey) = match &self.order {
            Order::Insertion => {
                self.best = Some(Chosen::new(Vec::new(), found));
                return Ok(ControlFlow::Break(()));
            }
            Order::Sort(sort) => {
                let key = sort.key(&found.fields, search.budget);
                (
                    sort,
                    key.into_iter().map(Option::<&Value>::cloned).collect(),
                )
            }
            Order::Distance(sort) => {
                let distance = distance(search.filter, &found.fields, search.budget);
                (sort, vec![distance.map(Value::from)])
            }
        };
        search.budget.check()?;
        // An equal one came earlier and stays.
        let is_better = match &self.best {
            None => true,
            Some(best) => sort.compare(&key, &best.key).is_lt(),
        };
        if is_better {
            self.best = Some(Chosen::new(key, found));
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl Chosen {
    fn new(key: SortKey, found: Found<'_>) -> Self {
        Self {
            key,
            seq: found.seq,
            text: found.text.to_owned(),
            fields: found.fields,
        }
    }
}

impl FindAndModify {
    /// What happens to the chosen document, once everything has been offered.
    pub(crate) fn effect(
        &self,
        chooser: Chooser<'_>,
        occasion: Occasion<'_>,
        ids: &ObjectIds,
    ) -> Result<Effect, StoreError> {
        match (&self.modification, chooser.best) {
            (Modification::Update(update, options), Some(chosen)) => {
                updated(update, options, chosen, occasion, ids)
            }
            (Modification::Update(update, options), None) if options.upsert => {
                let document = Document::new(update.upserted(occasion)?, || ids.next())?;
                let entity = if options.returns_new {
                    entity(&document.text, &options.fields, occasion)?
                } else {
                    "{}".to_owned()
                };
                Ok(Effect {
                    writes: vec![RowWrite::Insert(document)],
                    reply: with_entity(&entity, false),
                })
            }
            (Modification::Update(..) | Modification::Remove(_), None) => {
                Ok(Effect::none(with_entity("{}", false)))
            }
            (Modification::TakeOut, None) => Ok(Effect::none("{}")),
            (Modification::Remove(fields), Some(chosen)) => Ok(Effect {
                reply: with_entity(&entity(&chosen.text, fields, occasion)?, false),
                writes: vec![RowWrite::Delete(chosen.seq)],
            }),
            (Modification::TakeOut, Some(chosen)) => Ok(Effect {
                reply: chosen.text,
                writes: vec![RowWrite::Delete(chosen.seq)],
            }),
        }
    }
}

fn updated(
    update: &Update,
    options: &ModifyOptions,
    chosen: Chosen,
    occasion: Occasion<'_>,
    ids: &ObjectIds,
) -> Result<Effect, StoreError> {
    let fields = update.apply(&chosen.fields, occasion)?;
    let document = Document::new(fields, || ids.next())?;
    let shown = if options.returns_new {
        &document.text
    } else {
        &chosen.text
    };
    let reply = with_entity(&entity(shown, &options.fields, occasion)?, true);
    let writes = if document.text == chosen.text {
        Vec::new()
    } else {
        vec![RowWrite::Replace(chosen.seq, document)]
    };
    Ok(Effect { writes, reply })
}

/// The document as the caller wants to see it.
fn entity(
    text: &str,
    projection: &Projection,
    occasion: Occasion<'_>,
) -> Result<String, StoreError> {
    if projection.keeps_all() {
        return Ok(text.to_owned());
    }
    let fields = serde_json::from_str(text).map_err(|error| {
        StoreError::unavailable("read a document that it had read before", error)
    })?;
    let kept = projection.apply(fields, occasion.filter, occasion.budget)?;
    occasion.budget.check()?;
    Ok(Value::Object(kept).to_string())
}

fn with_entity(entity: &str, updated_existing: bool) -> String {
    format!(r#"{{"entity":{entity},"updatedExisting":{updated_existing}}}"#)
}
