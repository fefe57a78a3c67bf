//! The query language against `mingo`, an independent implementation from npm: random documents,
//! filters, sorts, projections and updates, the same results, or a difference that is named in
//! `differences` and justified by MongoDB's manual.
//!
//! `LODE_DIFFERENTIAL_SEED=7` replays one round, `LODE_DIFFERENTIAL_ROUNDS=1000` runs more.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of a JSON value or a case, a difference is about one kind"
)]
#![expect(clippy::print_stdout, reason = "the figures are what one runs it for")]

mod differences;
mod generate;
#[path = "../postgres/place.rs"]
mod place;
#[path = "../postgres/server.rs"]
#[expect(dead_code, reason = "what only the suite of Postgres does with it")]
mod server;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use lode_store::{DocOp, NewApp, Store, StoreError};
use serde_json::{Value, json};

use differences::{Case, Difference};
use generate::Round;

const APP: &str = "app";

/// Some thousand comparisons of each kind; a few seconds.
const ROUNDS: u64 = 120;

/// Rounds in which every named difference is met, also a rare one.
const LONG_RUN: usize = 1000;

/// Each of them makes its tables anew.
const POSTGRES_ROUNDS: u64 = 20;

#[tokio::test]
async fn the_store_answers_as_mingo_does() {
    let open = async || lode_store::open("sqlite::memory:").await.unwrap();
    compare(ROUNDS, open).await;
}

#[tokio::test]
async fn postgres_answers_as_mingo_does() {
    compare(POSTGRES_ROUNDS, place::anywhere).await;
}

async fn compare(default_rounds: u64, open: impl AsyncFn() -> Arc<dyn Store>) {
    let seeds: Vec<u64> = match (number("SEED"), number("ROUNDS")) {
        (Some(seed), _) => vec![seed],
        (None, rounds) => (0..rounds.unwrap_or(default_rounds)).collect(),
    };
    let rounds: Vec<Round> = seeds.iter().map(|seed| Round::new(*seed)).collect();
    let answers = ask_mingo(&rounds);
    let mut tally = Tally::default();
    for ((seed, round), answers) in seeds.iter().zip(&rounds).zip(answers.as_array().unwrap()) {
        tally.seed = *seed;
        let store = filled(open().await, round, seed % 2 == 0).await;
        compare_filters(&*store, round, &answers["filters"], &mut tally).await;
        compare_sorts(&*store, round, &answers["sorts"], &mut tally).await;
        compare_projections(&*store, round, &answers["projections"], &mut tally).await;
        compare_updates(&*store, round, &answers["updates"], &mut tally).await;
    }
    tally.finish(seeds.len() >= LONG_RUN);
}

/// What was compared, and how it came out.
#[derive(Default)]
struct Tally {
    seed: u64,
    same: BTreeMap<&'static str, usize>,
    named: BTreeMap<&'static str, usize>,
    unexplained: Vec<String>,
}

impl Tally {
    fn count(&mut self, ours: &Value, theirs: &Value, case: &Case<'_>) {
        let kind = case.kind();
        let (ours, theirs) = (&normal(ours), &normal(theirs));
        if ours == theirs {
            *self.same.entry(kind).or_default() += 1;
        } else if let Some(difference) = Difference::of(case, ours, theirs) {
            *self.named.entry(difference.name).or_default() += 1;
        } else {
            let case = case.to_string();
            self.unexplained.push(format!(
                "seed {}, {case}\n  the store: {ours}\n  mingo:     {theirs}",
                self.seed
            ));
        }
    }

    fn finish(self, is_long: bool) {
        println!(
            "the same: {:?}\ndifferent as named: {:#?}",
            self.same, self.named
        );
        let (shown, all) = (self.unexplained.iter().take(12), self.unexplained.len());
        let shown: Vec<&str> = shown.map(String::as_str).collect();
        assert_eq!(
            all,
            0,
            "{all} differences have no name, such as\n{}",
            shown.join("\n")
        );
        let same: usize = self.same.values().sum();
        let named: usize = self.named.values().sum();
        assert!(
            named * 5 < same,
            "{named} differences are many beside {same} agreements"
        );
        for difference in differences::ALL.iter().filter(|_| is_long) {
            let met = self.named.contains_key(difference.name);
            assert!(
                met,
                "nothing differs by {:?}: take it from the list",
                difference.name
            );
        }
    }
}

/// With one spelling of 1 and 1.0; objects are compared without the order of their fields.
fn normal(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(array) => array.iter().map(normal).collect(),
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| (name.clone(), normal(value)));
            Value::Object(fields.collect())
        }
        _ => value.clone(),
    }
}

fn number(name: &str) -> Option<u64> {
    let text = variable(&format!("LODE_DIFFERENTIAL_{name}"))?;
    Some(text.parse().expect("the variable is a number"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no config.rs to read it in"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn ask_mingo(rounds: &[Round]) -> Value {
    let need =
        |name| variable(name).unwrap_or_else(|| panic!("{name}: `cargo xtask test` sets it"));
    let mut node = Command::new(need("LODE_TEST_NODE"))
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/differential/mingo.cjs"
        ))
        .env("NODE_PATH", need("LODE_TEST_MINGO"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let cases = Value::Array(rounds.iter().map(Round::to_json).collect()).to_string();
    // It reads everything before it writes anything.
    node.stdin
        .take()
        .unwrap()
        .write_all(cases.as_bytes())
        .unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A store with the round's documents; in every second round with indexes.
async fn filled(store: Arc<dyn Store>, round: &Round, indexed: bool) -> Arc<dyn Store> {
    let app = NewApp {
        id: APP.to_owned(),
        ..NewApp::default()
    };
    store.create_app(app).await.unwrap();
    let (collection, entity) = ("c".to_owned(), json!(round.documents));
    store
        .execute(APP, DocOp::Insert { collection, entity })
        .await
        .unwrap();
    if indexed {
        for path in ["a", "b", "a.b"] {
            let (collection, path) = ("c".to_owned(), path.to_owned());
            store
                .create_index(APP, lode_store::Index { collection, path })
                .await
                .unwrap();
        }
    }
    store
}

async fn execute(store: &dyn Store, op: DocOp) -> Result<Value, StoreError> {
    let reply = store.execute(APP, op).await?;
    Ok(serde_json::from_str(reply.as_json()).unwrap())
}

fn find(query: &Value, options: Value) -> DocOp {
    DocOp::Find {
        collection: "c".to_owned(),
        query: query.clone(),
        options,
    }
}

/// An error as mingo's are written.
fn error(error: &StoreError) -> Value {
    json!({ "error": format!("{}: {error}", error.code()) })
}

async fn compare_filters(store: &dyn Store, round: &Round, answers: &Value, tally: &mut Tally) {
    for (filter, answer) in round.filters.iter().zip(answers.as_array().unwrap()) {
        let ours = execute(store, find(filter, json!({"fields": ["_id"]}))).await;
        for (index, document) in round.documents.iter().enumerate() {
            let case = Case::Filter { filter, document };
            let ours = match &ours {
                Ok(found) => json!(found.as_array().unwrap().contains(&json!({ "_id": index }))),
                Err(reason) => error(reason),
            };
            let theirs = answer.get("value").map_or(answer, |value| &value[index]);
            tally.count(&ours, theirs, &case);
        }
    }
}

/// Twice: all documents, and only those for which nothing is special, whose order is the same.
async fn compare_sorts(store: &dyn Store, round: &Round, answers: &Value, tally: &mut Tally) {
    for (sort, answer) in round.sorts.iter().zip(answers.as_array().unwrap()) {
        let options = json!({"sort": sort, "fields": ["_id"]});
        let found = execute(store, find(&json!({}), options)).await.unwrap();
        let ids = found
            .as_array()
            .unwrap()
            .iter()
            .map(|found| found["_id"].clone());
        let ours: Vec<Value> = ids.collect();
        let documents = &round.documents;
        let case = Case::Sort { sort, documents };
        let theirs = answer["value"]
            .as_array()
            .unwrap_or_else(|| panic!("{answer}"));
        tally.count(&json!(ours), &json!(theirs), &case);
        let plain: Vec<Value> = documents
            .iter()
            .filter(|d| is_plain(d, sort))
            .cloned()
            .collect();
        let is_in = |id: &&Value| plain.iter().any(|document| document["_id"] == **id);
        let [ours, theirs] =
            [&ours, theirs].map(|ids| json!(ids.iter().filter(is_in).collect::<Vec<_>>()));
        let case = Case::Sort {
            sort,
            documents: &plain,
        };
        tally.count(&ours, &theirs, &case);
    }
}

fn is_plain(document: &Value, sort: &Value) -> bool {
    sort.as_object().unwrap().keys().all(|path| {
        differences::at(document, path)
            .is_none_or(|value| !value.is_array() && !value.is_object() && !value.is_null())
    })
}

async fn compare_projections(store: &dyn Store, round: &Round, answers: &Value, tally: &mut Tally) {
    for (fields, answer) in round.projections.iter().zip(answers.as_array().unwrap()) {
        let found = execute(store, find(&json!({}), json!({ "fields": fields }))).await;
        for (index, document) in round.documents.iter().enumerate() {
            let case = Case::Projection { fields, document };
            let ours = found
                .as_ref()
                .map_or_else(error, |found| found[index].clone());
            let theirs = answer.get("value").map_or(answer, |value| &value[index]);
            tally.count(&ours, theirs, &case);
        }
    }
}

async fn compare_updates(store: &dyn Store, round: &Round, answers: &Value, tally: &mut Tally) {
    for (update, answer) in round.updates.iter().zip(answers.as_array().unwrap()) {
        let document = &round.documents[update.document];
        let op = DocOp::FindAndModify {
            collection: "c".to_owned(),
            query: update.query.clone(),
            sort: Value::Null,
            entity: update.change.clone(),
            options: json!({"new": true}),
        };
        let ours = match execute(store, op).await {
            Ok(reply) if reply["updatedExisting"] == true => reply["entity"].clone(),
            Ok(_) => Value::Null,
            Err(reason) => error(&reason),
        };
        let case = Case::Update { update, document };
        tally.count(&ours, answer.get("value").unwrap_or(answer), &case);
        let (collection, entity) = ("c".to_owned(), document.clone());
        store
            .execute(APP, DocOp::Save { collection, entity })
            .await
            .unwrap();
    }
}
