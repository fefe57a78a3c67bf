//! `Duel`: a store and what is done by hand beside it, taking turns.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use lode_store::{AppLimits, DocOp, Index, NewApp, Store};
use serde_json::{Value, json};

use crate::by_hand::ByHand;
use crate::documents::{SHARING, document, id, word};
use crate::say;
use crate::timing::{median_us, timed};

pub(crate) const APP: &str = "bench";
/// Documents of one insert.
const BATCH: usize = 1_000;
/// Operations of one side in its turn.
const TURN: usize = 25;
/// Turns of each side; the first is not counted.
const TURNS: usize = 25;
/// Inserts of each side, by turns.
const INSERTS: usize = 10;
/// Where those go that are measured.
const INSERTED: &str = "inserted";

/// Two sides on one database.
#[derive(Debug)]
pub(crate) struct Duel<H> {
    name: &'static str,
    store: Arc<dyn Store>,
    pub(crate) hand: H,
    inserted: usize,
}

/// What both sides do.
#[derive(Debug, Clone, Copy)]
enum Contest {
    Find,
    FindOne,
    Increment,
    Scan,
}

impl Contest {
    const ALL: [Self; 4] = [Self::Find, Self::FindOne, Self::Increment, Self::Scan];

    fn title(self) -> &'static str {
        match self {
            Self::Find => "`find` of 10 by an indexed field",
            Self::FindOne => "`findOne` by `_id`",
            Self::Increment => "`update` with `$inc` by `_id`",
            Self::Scan => "`find` of 1 % by a field without an index",
        }
    }

    fn expected(self, size: usize) -> usize {
        match self {
            Self::Find => SHARING,
            Self::FindOne | Self::Increment => 1,
            Self::Scan => size / 100,
        }
    }

    fn op(self, collection: &str, number: usize) -> DocOp {
        let collection = collection.to_owned();
        let options = Value::Null;
        match self {
            Self::Find => DocOp::Find {
                collection,
                query: json!({"n": number / SHARING}),
                options,
            },
            Self::FindOne => DocOp::FindOne {
                collection,
                query: json!({"_id": id(number)}),
                options,
            },
            Self::Increment => DocOp::Update {
                collection,
                query: json!({"_id": id(number)}),
                entity: json!({"$inc": {"hits": 1}}),
                options,
            },
            Self::Scan => DocOp::Find {
                collection,
                query: json!({"word": word(number)}),
                options,
            },
        }
    }
}

impl<H: ByHand> Duel<H> {
    pub(crate) async fn start(name: &'static str, url: &str, hand: H) -> Result<Self> {
        let store = lode_store::open(url).await?;
        let app = NewApp {
            id: APP.to_owned(),
            app_secret: None,
            master_secret: None,
            limits: AppLimits::default(),
        };
        store.create_app(app).await?;
        Ok(Self {
            name,
            store,
            hand,
            inserted: 0,
        })
    }

    pub(crate) fn subject(&self) -> (&'static str, &dyn Store) {
        (self.name, self.store.as_ref())
    }

    /// Every contest in a collection of this size.
    pub(crate) async fn run(&mut self, size: usize) -> Result<()> {
        let collection = format!("c{size}");
        fill(self.store.as_ref(), &collection, size, "").await?;
        let index = Index {
            collection: collection.clone(),
            path: "n".to_owned(),
        };
        self.store.create_index(APP, index).await?;
        self.hand.begin(&collection).await?;
        for contest in Contest::ALL {
            if matches!(contest, Contest::Scan) && size > BATCH {
                continue;
            }
            self.contest(contest, &collection, size).await?;
        }
        self.inserts(size).await
    }

    async fn contest(&mut self, contest: Contest, collection: &str, size: usize) -> Result<()> {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut random = fastrand::Rng::with_seed(7);
        for turn in 0..TURNS {
            let numbers: Vec<usize> = (0..TURN).map(|_| random.usize(..size)).collect();
            for &number in &numbers {
                let op = contest.op(collection, number);
                let (reply, time) = timed(async { Ok(self.store.execute(APP, op).await?) }).await?;
                let count = count(reply.as_json())?;
                ensure!(count == contest.expected(size), "{contest:?}: {count}");
                ours.extend((turn > 0).then_some(time));
            }
            for &number in &numbers {
                let (count, time) = timed(self.by_hand(contest, number)).await?;
                ensure!(
                    count == contest.expected(size),
                    "{contest:?} by hand: {count}"
                );
                theirs.extend((turn > 0).then_some(time));
            }
        }
        self.say(size, contest.title(), (&mut ours, &mut theirs))
    }

    async fn by_hand(&mut self, contest: Contest, number: usize) -> Result<usize> {
        match contest {
            Contest::Find => self.hand.find(number / SHARING).await,
            Contest::FindOne => self.hand.find_one(&id(number)).await,
            Contest::Increment => self.hand.increment(&id(number)).await,
            Contest::Scan => self.hand.scan(&word(number)).await,
        }
    }

    /// Both sides insert the same batches, beside a collection of `size`.
    async fn inserts(&mut self, size: usize) -> Result<()> {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..INSERTS {
            let numbers = self.inserted..self.inserted + BATCH;
            self.inserted = numbers.end;
            let batch: Vec<Value> = numbers.map(|number| document(number, "")).collect();
            let op = insert(INSERTED, batch.clone());
            let (_, time) = timed(async { Ok(self.store.execute(APP, op).await?) }).await?;
            ours.push(time);
            let (_, time) = timed(self.hand.insert(&batch)).await?;
            theirs.push(time);
        }
        let title = format!("`insert` of {BATCH} documents");
        self.say(size, &title, (&mut ours, &mut theirs))
    }

    fn say(
        &self,
        size: usize,
        title: &str,
        (ours, theirs): (&mut [Duration], &mut [Duration]),
    ) -> Result<()> {
        let (ours, theirs) = (median_us(ours), median_us(theirs));
        let (name, ratio) = (self.name, ours / theirs);
        say(&format!(
            "| {name} | {size} | {title} | {ours:.0} | {theirs:.0} | {ratio:.2} |"
        ))
    }
}

/// Fills a new collection.
pub(crate) async fn fill(
    store: &dyn Store,
    collection: &str,
    size: usize,
    note: &str,
) -> Result<()> {
    let numbers: Vec<usize> = (0..size).collect();
    for part in numbers.chunks(BATCH) {
        let batch = part.iter().map(|&number| document(number, note)).collect();
        store.execute(APP, insert(collection, batch)).await?;
    }
    Ok(())
}

fn insert(collection: &str, batch: Vec<Value>) -> DocOp {
    DocOp::Insert {
        collection: collection.to_owned(),
        entity: Value::Array(batch),
    }
}

/// How many documents a reply is about.
fn count(reply: &str) -> Result<usize> {
    let reply: Value = serde_json::from_str(reply)?;
    Ok(match &reply {
        Value::Array(documents) => documents.len(),
        Value::Null => 0,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => 1,
    })
}
