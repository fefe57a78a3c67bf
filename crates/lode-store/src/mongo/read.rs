//! Finds, counts and what else only reads.

use std::collections::BTreeSet;

use mongodb::bson::{Document, doc};
use serde_json::Value;

use crate::mongo::fault::failed;
use crate::mongo::place::{Asked, Place};
use crate::mongo::server::MAX_TIME;
use crate::mongo::value::{to_fields, to_json};
use crate::operation::{Counter, Distinct, Finder, Found, Read, Search, Sink as _, Texts};
use crate::query::{Filter, FindOptions, Ordered, Path, Sort};
use crate::{DocReply, StoreError};

pub(super) async fn run(
    read: &Read,
    asked: &Asked,
    place: &Place<'_>,
) -> Result<DocReply, StoreError> {
    place.server.require_app(place.app).await?;
    let json = match read {
        Read::Find(filter, options) => find(filter, options, Texts::array(), asked, place)
            .await?
            .finish(),
        Read::FindOne(filter, options) => find(filter, options, Texts::default(), asked, place)
            .await?
            .single_or("null"),
        Read::Count(filter) => format!(r#"{{"count":{}}}"#, count(filter, asked, place).await?),
        Read::Exists => exists(place).await?.to_string(),
        Read::Distinct(filter, path) => distinct(filter, path, asked, place).await?,
    };
    Ok(DocReply::new(json))
}

async fn find(
    filter: &Filter,
    options: &FindOptions,
    result: Texts,
    asked: &Asked,
    place: &Place<'_>,
) -> Result<Texts, StoreError> {
    if !asked.passed.is_whole {
        let mut finder = Finder::new(filter, options, result);
        place
            .judge(&asked.passed, filter, &mut finder, |_| None)
            .await?;
        return finder.finish(filter, place.budget);
    }
    // What the server has done is not done again.
    let left = FindOptions {
        sort: Sort::default(),
        skip: 0,
        ..options.clone()
    };
    let mut finder = Finder::new(filter, &left, result);
    let search = Search::new(place.app, place.collection, filter, place.budget);
    let failed = || failed("read documents");
    let documents = place.documents();
    let found = documents
        .find(asked.passed.filter.clone())
        .sort(sort(&options.sort))
        .skip(u64::try_from(options.skip).unwrap_or(u64::MAX))
        .limit(super::count(options.limit.unwrap_or(0)))
        .max_time(MAX_TIME);
    let mut cursor = found.await.map_err(failed())?;
    while cursor.advance().await.map_err(failed())? {
        let fields = to_fields(cursor.deserialize_current().map_err(failed())?);
        let shown = Value::Object(fields);
        let text = shown.to_string();
        let Value::Object(fields) = shown else { break };
        let found = Found {
            seq: 0,
            text: &text,
            fields,
        };
        if finder.take(found, &search)?.is_break() {
            break;
        }
        place.budget.check()?;
    }
    finder.finish(filter, place.budget)
}

/// The order as the server reads it; empty for that of insertion, in which it scans.
pub(super) fn sort(sort: &Sort) -> Document {
    let key = |(path, is_descending): (&str, bool)| {
        (path.to_owned(), if is_descending { -1 } else { 1 }.into())
    };
    sort.directions().map(key).collect()
}

async fn count(filter: &Filter, asked: &Asked, place: &Place<'_>) -> Result<u64, StoreError> {
    if asked.passed.is_whole {
        let documents = place.documents();
        let counted = documents.count_documents(asked.passed.filter.clone());
        return counted
            .max_time(MAX_TIME)
            .await
            .map_err(failed("count documents"));
    }
    let mut counter = Counter::default();
    place
        .judge(&asked.passed, filter, &mut counter, |_| None)
        .await?;
    Ok(counter.0)
}

async fn exists(place: &Place<'_>) -> Result<bool, StoreError> {
    let documents = place.documents();
    let found = documents.find_one(doc! {}).projection(doc! {"_id": 1});
    let found = found.max_time(MAX_TIME).await;
    found
        .map(|found| found.is_some())
        .map_err(failed("look for the collection"))
}

async fn distinct(
    filter: &Filter,
    path: &Path,
    asked: &Asked,
    place: &Place<'_>,
) -> Result<String, StoreError> {
    if !asked.passed.is_whole {
        let mut distinct = Distinct::new(path);
        place
            .judge(&asked.passed, filter, &mut distinct, |_| None)
            .await?;
        return distinct.finish();
    }
    let values = place
        .documents()
        .distinct(path.as_str(), asked.passed.filter.clone())
        .max_time(MAX_TIME)
        .await
        .map_err(failed("read the values"))?;
    let ordered: BTreeSet<Ordered<Value>> =
        values.into_iter().map(|v| Ordered(to_json(v))).collect();
    let mut texts = Texts::array();
    for value in ordered {
        texts.push(&value.0.to_string())?;
    }
    Ok(texts.finish())
}
