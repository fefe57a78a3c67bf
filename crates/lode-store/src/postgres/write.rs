//! Inserts, saves, updates and removals; each runs in a transaction that its caller opened.
//!
//! What is to be changed is chosen first and locked then; what happens to it is computed from what
//! it is under the lock. If it does not match any more by then, the choice begins anew.

use std::ops::ControlFlow;

use crate::budget::Budget;
use crate::ids::ObjectIds;
use crate::operation::{
    Chooser, Doomed, Effect, Found, RowWrite, Search, Sink, Updater, Write, inserted, saved,
};
use crate::postgres::rows::Rows;
use crate::postgres::scan::{lock, scan};
use crate::postgres::transaction::Transaction;
use crate::query::{Filter, Occasion, Sort};
use crate::{DocReply, StoreError, clock};

/// An upsert may meet a document that was inserted since it looked: then it looks again.
const UPSERT_TRIES: usize = 5;

/// One collection of one app, in a transaction that may write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    /// As the caller wrote it.
    pub(super) app: &'a str,
    pub(super) collection: &'a str,
    pub(super) ids: &'a ObjectIds,
    pub(super) budget: &'a Budget,
}

/// Which of the matches are meant.
#[derive(Debug, Clone, Copy)]
enum Choice<'a> {
    First,
    All,
    FirstBy(&'a Sort),
}

pub(super) async fn run(write: &Write, place: Place<'_>) -> Result<DocReply, StoreError> {
    place.transaction.require_app(place.app)?;
    let rows = Rows::begin(place).await?;
    let mut tries = 0;
    loop {
        tries += 1;
        let effect = effect(write, place, &rows).await?;
        effect.check(place.collection)?;
        match rows.carry_out(&effect.writes).await {
            Err(StoreError::DuplicateKey { .. }) if tries < UPSERT_TRIES && may_upsert(write) => {
                place.budget.check()?;
            }
            done => return done.map(|()| DocReply::new(effect.reply)),
        }
    }
}

fn may_upsert(write: &Write) -> bool {
    match write {
        Write::Update(..) | Write::FindAndModify(..) => true,
        Write::Insert(_) | Write::Save(_) | Write::Remove(_) => false,
    }
}

async fn effect(write: &Write, place: Place<'_>, rows: &Rows<'_>) -> Result<Effect, StoreError> {
    match write {
        Write::Insert(entities) => inserted(entities.clone(), place.ids, place.budget),
        Write::Save(entity) => saved(entity.clone(), place.ids),
        Write::Update(filter, update, options) => {
            let choice = if options.multi {
                Choice::All
            } else {
                Choice::First
            };
            let now_ms = clock::now_ms();
            let updater = || Updater::new(update, *options, now_ms, place.ids);
            let updater = place.settle(filter, choice, updater).await?;
            updater.finish(filter, place.budget)
        }
        Write::Remove(filter) => {
            let count = if filter.is_trivial() {
                rows.remove_all().await?
            } else {
                let doomed = place.settle(filter, Choice::All, Doomed::default).await?;
                let writes: Vec<_> = doomed.0.into_iter().map(RowWrite::Delete).collect();
                rows.carry_out(&writes).await?;
                writes.len() as u64
            };
            Ok(Effect::none(format!(r#"{{"count":{count}}}"#)))
        }
        Write::FindAndModify(filter, what) => {
            let chooser = || Chooser::new(filter, &what.sort);
            let choice = Choice::FirstBy(&what.sort);
            let chooser = place.settle(filter, choice, chooser).await?;
            let occasion = Occasion {
                filter,
                now_ms: clock::now_ms(),
                budget: place.budget,
            };
            what.effect(chooser, occasion, place.ids)
        }
    }
}

impl<'a> Place<'a> {
    fn search(&self, filter: &'a Filter) -> Search<'a> {
        Search::new(self.app, self.collection, filter, self.budget)
    }

    /// A sink that has been offered what was chosen, as it is under its locks.
    async fn settle<S: Sink>(
        &self,
        filter: &'a Filter,
        choice: Choice<'_>,
        sink: impl Fn() -> S,
    ) -> Result<S, StoreError> {
        loop {
            let chosen = self.choose(filter, choice).await?;
            let mut counted = Counted {
                sink: sink(),
                count: 0,
            };
            if chosen.is_empty() {
                return Ok(counted.sink);
            }
            let mut search = self.search(filter);
            // Sent together, in this order: one round trip.
            tokio::try_join!(
                biased;
                self.transaction.run_text("SAVEPOINT chosen", "set a savepoint"),
                lock(self.transaction, &chosen, &mut search, &mut counted)
            )?;
            if counted.count > 0 {
                return Ok(counted.sink);
            }
            // Others have changed all of it meanwhile, and may wait for the locks.
            let back = "ROLLBACK TO SAVEPOINT chosen";
            let step = "go back to a savepoint";
            self.transaction.run_text(back, step).await?;
            self.budget.check()?;
        }
    }

    async fn choose(&self, filter: &'a Filter, choice: Choice<'_>) -> Result<Vec<i64>, StoreError> {
        let mut search = self.search(filter);
        match choice {
            Choice::First | Choice::All => {
                let mut seqs = Seqs {
                    seqs: Vec::new(),
                    is_one_enough: matches!(choice, Choice::First),
                };
                scan(self.transaction, &mut search, &mut seqs).await?;
                Ok(seqs.seqs)
            }
            Choice::FirstBy(sort) => {
                let mut chooser = Chooser::new(filter, sort);
                scan(self.transaction, &mut search, &mut chooser).await?;
                Ok(chooser.chosen().into_iter().collect())
            }
        }
    }
}

/// Remembers which rows match.
struct Seqs {
    seqs: Vec<i64>,
    is_one_enough: bool,
}

impl Sink for Seqs {
    fn take(&mut self, found: Found<'_>, _: &Search<'_>) -> Result<ControlFlow<()>, StoreError> {
        self.seqs.push(found.seq);
        Ok(if self.is_one_enough {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    }
}

/// Counts what goes to another sink.
struct Counted<S> {
    sink: S,
    count: usize,
}

impl<S: Sink> Sink for Counted<S> {
    fn take(
        &mut self,
        found: Found<'_>,
        search: &Search<'_>,
    ) -> Result<ControlFlow<()>, StoreError> {
        self.count += 1;
        self.sink.take(found, search)
    }
}
