//! Inserts, saves, updates and removals.
//!
//! A change of one document is one command of the server, which looks for it and changes it in one
//! step. Where the matcher has a say, the command names the document as the matcher saw it: if it
//! is not so any more, the search begins anew.

use mongodb::bson::{Bson, Document, doc};
use serde_json::{Map, Value};

use crate::mongo::change::change;
use crate::mongo::insert::{checked, insert, save, stored};
use crate::mongo::place::{Asked, Place};
use crate::mongo::read::sort;
use crate::mongo::value::to_fields;
use crate::operation::{
    Chooser, Doomed, FindAndModify, Modification, Updater, Write, inserted, saved,
};
use crate::query::{
    Document as Checked, Filter, Occasion, Projection, Sort, Update, UpdateOptions,
};
use crate::{DocReply, StoreError, clock};

/// An upsert may meet a document that was inserted since it looked: then it looks again.
const UPSERT_TRIES: usize = 5;

const UPDATE: &str = "update documents";
const REMOVE: &str = "remove documents";

pub(super) async fn run(
    write: &Write,
    asked: &Asked,
    place: &Place<'_>,
) -> Result<DocReply, StoreError> {
    place.server.require_app(place.app).await?;
    let reply = match write {
        Write::Insert(entities) => {
            let effect = inserted(entities.clone(), place.ids, place.budget)?;
            effect.check(place.collection)?;
            insert(place, &checked(&effect)).await?;
            effect.reply
        }
        Write::Save(entity) => {
            let effect = saved(entity.clone(), place.ids)?;
            effect.check(place.collection)?;
            for document in checked(&effect) {
                save(place, document).await?;
            }
            effect.reply
        }
        Write::Update(filter, update, options) => {
            again_if_overtaken(async || {
                update_documents(place, asked, filter, (update, *options)).await
            })
            .await?
        }
        Write::Remove(filter) => {
            let removed = remove(place, asked, filter).await?;
            format!(r#"{{"count":{removed}}}"#)
        }
        Write::FindAndModify(filter, what) => {
            again_if_overtaken(async || modify(place, asked, filter, what).await).await?
        }
    };
    Ok(DocReply::new(reply))
}

/// Tries again when an upsert was overtaken by an insert.
async fn again_if_overtaken(
    attempt: impl AsyncFn() -> Result<String, StoreError>,
) -> Result<String, StoreError> {
    for _ in 1..UPSERT_TRIES {
        match attempt().await {
            Err(StoreError::DuplicateKey { .. }) => {}
            done => return done,
        }
    }
    attempt().await
}

async fn update_documents(
    place: &Place<'_>,
    asked: &Asked,
    filter: &Filter,
    (update, options): (&Update, UpdateOptions),
) -> Result<String, StoreError> {
    let now_ms = clock::now_ms();
    let change = change(&asked.entity, now_ms)?;
    let reply = |affected: u64, existing: bool| {
        format!(r#"{{"numberAffected":{affected},"updatedExisting":{existing}}}"#)
    };
    let matched = loop {
        let query = match options.multi {
            true => targets(place, asked, filter).await?,
            false => target(place, asked, filter, &Sort::default()).await?,
        };
        let Some(query) = query else { break 0 };
        let command = doc! {
            "update": &place.name,
            "updates": [{"q": query, "u": change.clone(), "multi": options.multi}],
        };
        let done = match place.server.write(command).await {
            Ok(done) => done,
            Err(fault) => {
                let theirs = fault.during(UPDATE);
                return Err(in_our_words(place, asked, (filter, update), theirs).await);
            }
        };
        let matched = number(&done, "n");
        if matched > 0 || asked.passed.is_whole || options.multi {
            break matched;
        }
        place.budget.check()?;
    };
    if matched > 0 || !options.upsert {
        return Ok(reply(matched, matched > 0));
    }
    upsert(place, filter, update, now_ms).await?;
    Ok(reply(1, false))
}

/// Why the server refused an update, as the other stores would have said it: they know the path and
/// what is there. The server's own words where nothing here is wrong with it.
async fn in_our_words(
    place: &Place<'_>,
    asked: &Asked,
    (filter, update): (&Filter, &Update),
    theirs: StoreError,
) -> StoreError {
    if !matches!(theirs, StoreError::BadUpdate(_)) {
        return theirs;
    }
    let every = UpdateOptions {
        upsert: false,
        multi: true,
    };
    let mut updater = Updater::new(update, every, clock::now_ms(), place.ids);
    let tried = place.judge(&asked.passed, filter, &mut updater, |_| None);
    match tried.await {
        Err(ours @ StoreError::BadUpdate(_)) => ours,
        _ => theirs,
    }
}

/// Inserts what an upsert does when nothing matched.
async fn upsert(
    place: &Place<'_>,
    filter: &Filter,
    update: &Update,
    now_ms: u64,
) -> Result<Checked, StoreError> {
    let occasion = Occasion {
        filter,
        now_ms,
        budget: place.budget,
    };
    let document = Checked::new(update.upserted(occasion)?, || place.ids.next())?;
    insert(place, &[&document]).await?;
    Ok(document)
}

/// The query for the first match in an order, and nothing else; None when the matcher found none.
async fn target(
    place: &Place<'_>,
    asked: &Asked,
    filter: &Filter,
    sort: &Sort,
) -> Result<Option<Document>, StoreError> {
    if asked.passed.is_whole {
        return Ok(Some(asked.passed.filter.clone()));
    }
    let mut chooser = Chooser::new(filter, sort);
    let keep = |document: Document| Some(document.into());
    let offered = place
        .judge(&asked.passed, filter, &mut chooser, keep)
        .await?;
    let chosen = chooser.chosen().and_then(|seq| offered.get(index(seq)));
    Ok(chosen.and_then(Bson::as_document).map(|as_seen| {
        doc! {"$and": [
            {"_id": as_seen.get("_id").cloned().unwrap_or(Bson::Null)},
            {"$expr": {"$eq": ["$$ROOT", {"$literal": as_seen.clone()}]}},
            asked.passed.filter.clone(),
        ]}
    }))
}

/// The query for all matches.
async fn targets(
    place: &Place<'_>,
    asked: &Asked,
    filter: &Filter,
) -> Result<Option<Document>, StoreError> {
    if asked.passed.is_whole {
        return Ok(Some(asked.passed.filter.clone()));
    }
    let mut matching = Doomed::default();
    let keep = |document: Document| document.get("_id").cloned();
    let offered = place
        .judge(&asked.passed, filter, &mut matching, keep)
        .await?;
    let ids = matching
        .0
        .iter()
        .filter_map(|seq| offered.get(index(*seq)).cloned());
    let ids: Vec<Bson> = ids.collect();
    let query = doc! {"$and": [{"_id": {"$in": &ids}}, asked.passed.filter.clone()]};
    Ok((!ids.is_empty()).then_some(query))
}

async fn remove(place: &Place<'_>, asked: &Asked, filter: &Filter) -> Result<u64, StoreError> {
    let Some(query) = targets(place, asked, filter).await? else {
        return Ok(0);
    };
    let command = doc! {"delete": &place.name, "deletes": [{"q": query, "limit": 0}]};
    let done = place.server.write(command).await;
    let done = done.map_err(|fault| fault.during(REMOVE))?;
    Ok(number(&done, "n"))
}

async fn modify(
    place: &Place<'_>,
    asked: &Asked,
    filter: &Filter,
    what: &FindAndModify,
) -> Result<String, StoreError> {
    let now_ms = clock::now_ms();
    let mut command = doc! {"findAndModify": &place.name};
    let step = match &what.modification {
        Modification::Update(_, options) => {
            command.insert("update", change(&asked.entity, now_ms)?);
            command.insert("new", options.returns_new);
            UPDATE
        }
        Modification::Remove(_) | Modification::TakeOut => {
            command.insert("remove", true);
            REMOVE
        }
    };
    let found = match first(place, asked, (filter, &what.sort), command, step).await {
        Ok(found) => found,
        Err(theirs) => {
            return Err(match &what.modification {
                Modification::Update(update, _) => {
                    in_our_words(place, asked, (filter, update), theirs).await
                }
                Modification::Remove(_) | Modification::TakeOut => theirs,
            });
        }
    };
    let show = |fields: Map<String, Value>, projection: &Projection| {
        let shown = match projection.keeps_all() {
            true => fields,
            false => projection.apply(fields, filter, place.budget)?,
        };
        place.budget.check()?;
        Ok::<_, StoreError>(Value::Object(shown).to_string())
    };
    let (entity, existing) = match (&what.modification, found) {
        (Modification::TakeOut, found) => {
            return Ok(found.map_or_else(|| "{}".to_owned(), |it| Value::Object(it).to_string()));
        }
        (Modification::Update(_, options), Some(found)) => (show(found, &options.fields)?, true),
        (Modification::Remove(projection), Some(found)) => (show(found, projection)?, false),
        (Modification::Update(update, options), None) if options.upsert => {
            let inserted = upsert(place, filter, update, now_ms).await?;
            match options.returns_new {
                true => (show(to_fields(stored(&inserted)?), &options.fields)?, false),
                false => ("{}".to_owned(), false),
            }
        }
        (Modification::Update(..) | Modification::Remove(_), None) => ("{}".to_owned(), false),
    };
    Ok(format!(
        r#"{{"entity":{entity},"updatedExisting":{existing}}}"#
    ))
}

/// Carries out a `findAndModify` on the first match; gives the document that the server shows.
async fn first(
    place: &Place<'_>,
    asked: &Asked,
    (filter, order): (&Filter, &Sort),
    command: Document,
    step: &str,
) -> Result<Option<Map<String, Value>>, StoreError> {
    loop {
        let Some(query) = target(place, asked, filter, order).await? else {
            return Ok(None);
        };
        let mut command = command.clone();
        command.insert("query", query);
        if asked.passed.is_whole {
            command.insert("sort", sort(order));
        }
        let done = place.server.write(command).await;
        let mut done = done.map_err(|fault| fault.during(step))?;
        match done.remove("value") {
            Some(Bson::Document(found)) => return Ok(Some(to_fields(found))),
            _ if asked.passed.is_whole => return Ok(None),
            // It is not any more as the matcher saw it.
            _ => place.budget.check()?,
        }
    }
}

/// A count in a reply, of whichever type.
fn number(reply: &Document, field: &str) -> u64 {
    let whole = reply.get(field).and_then(|value| {
        let small = value.as_i32().map(i64::from);
        small.or_else(|| value.as_i64())
    });
    whole.map_or(0, super::unsigned)
}

fn index(seq: i64) -> usize {
    usize::try_from(seq).unwrap_or(usize::MAX)
}
