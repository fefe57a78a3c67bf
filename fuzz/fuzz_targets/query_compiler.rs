//! Queries: the store on SQLite against a list in memory, step by step, and the algebra that every
//! answer has to obey.
//!
//! An input is `{"docs": [documents], "steps": [{"find": query, "sort": …}, {"update": query,
//! "entity": …}, {"insert": …}, {"save": …}, {"remove": query}, {"count": query}, …]}`; a step is its
//! own options, or has them as `options`.
#![no_main]

use std::cmp::Ordering;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::{Corpus, fuzz_crossover, fuzz_mutator, fuzz_target};
use lode_fuzz::model::{Answer, BYTES_MAX, Model};
use lode_fuzz::words::QUERIES;
use lode_store::query::{FindOptions, compare};
use lode_store::{DocOp, NewApp, Store, StoreError};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

/// Documents of an input; more find nothing new.
const DOCUMENTS_MAX: usize = 16;
/// Steps of an input.
const STEPS_MAX: usize = 8;

const APP: &str = "app";

fuzz_mutator!(|data: &mut [u8], size: usize, max: usize, seed: u32| {
    lode_fuzz::mutate(data, size, max, seed, &QUERIES)
        .unwrap_or_else(|| libfuzzer_sys::fuzzer_mutate(data, size, max))
});
fuzz_crossover!(|one: &[u8], other: &[u8], out: &mut [u8], seed: u32| {
    lode_fuzz::cross(one, other, out, seed)
});

fuzz_target!(|input: &[u8]| -> Corpus {
    let Ok(Value::Object(mut input)) = serde_json::from_slice(input) else {
        return Corpus::Reject;
    };
    let mut list = |name: &str| match input.remove(name) {
        Some(Value::Array(list)) => list,
        Some(_) | None => Vec::new(),
    };
    let (mut documents, steps) = (list("docs"), list("steps"));
    documents.truncate(DOCUMENTS_MAX);
    let mut pair = Pair::new();
    // One by one: a bad document must not keep the others out.
    for entity in documents {
        pair.run(DocOp::Save {
            collection: collection(),
            entity,
        });
    }
    pair.check_same();
    for step in steps.iter().take(STEPS_MAX) {
        if let Some(query) = any(step, &["find", "one", "count", "remove", "update"]) {
            lode_fuzz::algebra::check(query, &pair.model.documents());
        }
        let Some(op) = operation(step) else {
            continue;
        };
        let changes = !matches!(
            op,
            DocOp::Find { .. } | DocOp::FindOne { .. } | DocOp::Count { .. }
        );
        pair.run(op);
        if changes {
            pair.check_same();
        }
        if pair.model.bytes() > BYTES_MAX {
            break;
        }
    }
    Corpus::Keep
});

fn any<'a>(step: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| step.get(name))
}

fn collection() -> String {
    "c".to_owned()
}

fn operation(step: &Value) -> Option<DocOp> {
    let (name, subject) = step.as_object()?.iter().next()?;
    // The model has no clock, and knows no order but that of a sort.
    let text = step.to_string();
    if text.contains("$currentDate") || text.contains("$near") {
        return None;
    }
    let options = step.get("options").unwrap_or(step).clone();
    let query = subject.clone();
    let entity = subject.clone();
    let collection = collection();
    Some(match name.as_str() {
        "find" => DocOp::Find {
            collection,
            query,
            options,
        },
        "one" => DocOp::FindOne {
            collection,
            query,
            options,
        },
        "count" => DocOp::Count { collection, query },
        "remove" => DocOp::Remove { collection, query },
        "insert" => DocOp::Insert { collection, entity },
        "save" => DocOp::Save { collection, entity },
        "exists" => DocOp::CollectionExists { collection },
        "update" => DocOp::Update {
            collection,
            query,
            entity: step.get("entity").cloned().unwrap_or_default(),
            options,
        },
        _ => return None,
    })
}

struct Shell {
    runtime: Runtime,
    store: Arc<dyn Store>,
}

/// One store for all inputs: opening one costs more than most inputs.
static SHELL: LazyLock<Shell> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime needs no more than memory");
    let store = runtime.block_on(lode_store::open("sqlite::memory:"));
    let store = store.expect("a database in memory opens");
    let app = NewApp {
        id: APP.to_owned(),
        ..NewApp::default()
    };
    runtime
        .block_on(store.create_app(app))
        .expect("the first app has a free id");
    Shell { runtime, store }
});

fn execute(op: DocOp) -> Result<String, StoreError> {
    let reply = SHELL.runtime.block_on(SHELL.store.execute(APP, op))?;
    Ok(reply.into_json())
}

/// The store and the list that must stay the same as it.
struct Pair {
    model: Model,
}

impl Pair {
    /// An empty collection in both.
    fn new() -> Self {
        let all = DocOp::Remove {
            collection: collection(),
            query: json!({}),
        };
        execute(all).expect("everything can be removed");
        Self {
            model: Model::default(),
        }
    }

    fn run(&mut self, op: DocOp) {
        let expected = self.model.execute(&op);
        let shown = format!("{op:?}");
        if let (DocOp::Find { options, .. }, Ok(Answer::Json(found))) = (&op, &expected) {
            check_order(options, found);
        }
        let answer = execute(op);
        match (&expected, &answer) {
            (Ok(Answer::Json(expected)), Ok(answer)) => assert_eq!(answer, expected, "{shown}"),
            (Ok(Answer::MadeId), Ok(_)) => self.model.adopt(&stored()),
            (Err(expected), Err(error)) => {
                assert_eq!(error.code(), expected.code(), "{shown}: {error}")
            }
            (_, _) => panic!("{shown}: {answer:?} instead of {expected:?}"),
        }
    }

    fn check_same(&self) {
        let texts = format!("[{}]", self.model.texts().join(","));
        assert_eq!(stored_text(), texts);
    }
}

/// A sort by plain fields puts each document after those that are less.
fn check_order(options: &Value, found: &str) {
    let options_are_read = FindOptions::parse(options).is_ok_and(|o| o.fields.keeps_all());
    let Some(sort) = options.get("sort").and_then(Value::as_object) else {
        return;
    };
    let found: Vec<Map<String, Value>> = serde_json::from_str(found).expect("a reply is JSON");
    let plain = |field: &String| {
        !field.contains('.')
            && found
                .iter()
                .all(|d| !matches!(d.get(field), Some(Value::Array(_))))
    };
    if !options_are_read || !sort.keys().all(plain) {
        return;
    }
    for pair in found.windows(2) {
        let order = sort.iter().map(|(field, direction)| {
            let value = |index: usize| pair[index].get(field).unwrap_or(&Value::Null);
            let order = compare(value(0), value(1));
            let downwards = direction.as_f64() == Some(-1.0)
                || matches!(direction.as_str(), Some("desc" | "descending" | "-1"));
            if downwards { order.reverse() } else { order }
        });
        let order = order.fold(Ordering::Equal, Ordering::then);
        assert_ne!(order, Ordering::Greater, "{sort:?}: {pair:?}");
    }
}

fn stored_text() -> String {
    let op = DocOp::Find {
        collection: collection(),
        query: json!({}),
        options: Value::Null,
    };
    execute(op).expect("everything can be found")
}

fn stored() -> Vec<Value> {
    serde_json::from_str(&stored_text()).expect("a reply is JSON")
}
