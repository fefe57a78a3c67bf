//! `Worker`: a master as the queue sees it: it tends, leases, runs, extends, settles, and dies.
//!
//! It knows nothing but what answers tell it. Its clock runs a little fast or slow and is used for
//! its own pauses only. A hung one (SIGSTOP) does nothing and goes on later as if nothing was.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use crate::ledger::Ledger;
use crate::model::{Leased, Ms, NewJob, Settle, Tended};
use crate::plan::chance;

/// Between two looks at what is to be done.
pub(crate) const STEP: Ms = 60;
const TEND: Ms = 250;
/// An answer that takes longer is not waited for.
const PATIENCE: Ms = 600;

/// What a worker asks of the queue.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    Lease {
        max: usize,
        not_of: Vec<String>,
    },
    Tend,
    Extend(Vec<(String, String)>),
    Settle {
        id: String,
        token: String,
        settle: Settle,
        bad: Option<String>,
    },
    Release {
        id: String,
        token: String,
    },
    Retry {
        id: String,
        token: String,
        delay: Ms,
    },
    Fire {
        id: String,
        tick: Ms,
    },
    Leave,
}

/// What the queue says.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Leased(Vec<Leased>),
    Tended(Tended),
    Extended(Vec<bool>),
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Up,
    /// Stopped; the messages that come meanwhile wait for it.
    HungUntil(Ms),
    Draining,
    Gone,
}

/// A job in the worker's hands.
#[derive(Debug)]
struct Run {
    id: String,
    job: NewJob,
    ends_at: Ms,
    extended_at: Ms,
    /// Its end was asked for, or its lease is gone.
    killed: bool,
}

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Worker {
    /// New after each start.
    pub(crate) handle: u64,
    pub(crate) mode: Mode,
    room: usize,
    /// Parts of 1,000 that its clock runs at.
    pace: u64,
    lease: Ms,
    tended_at: Option<Ms>,
    runs: BTreeMap<String, Run>,
    /// Questions without an answer, by number, and since when.
    pub(crate) asked: BTreeMap<u64, (Ms, Ask)>,
    banned: BTreeSet<String>,
    skips: Vec<String>,
}

impl Worker {
    pub(crate) fn new(rng: &mut Rng, handle: u64, lease: Ms, skips: Vec<String>) -> Self {
        Self {
            handle,
            mode: Mode::Up,
            room: rng.usize(1..=6),
            pace: rng.u64(900..1_100),
            lease,
            tended_at: None,
            runs: BTreeMap::new(),
            asked: BTreeMap::new(),
            banned: BTreeSet::new(),
            skips,
        }
    }

    /// What it wants to ask now.
    pub(crate) fn step(&mut self, now: Ms, rng: &mut Rng) -> Vec<Ask> {
        let mut asks = self.ask_again(now);
        if self
            .tended_at
            .is_none_or(|at| now >= at + TEND * self.pace / 1_000)
        {
            self.tended_at = Some(now);
            asks.push(Ask::Tend);
        }
        self.keep_and_end(now, rng, &mut asks);
        let leasing = self
            .asked
            .values()
            .any(|(_, ask)| matches!(ask, Ask::Lease { .. }));
        let room = self.room.saturating_sub(self.runs.len());
        if self.mode == Mode::Up && !leasing && room > 0 {
            let not_of = if rng.bool() {
                self.skips.clone()
            } else {
                Vec::new()
            };
            asks.push(Ask::Lease { max: room, not_of });
        }
        if self.mode == Mode::Draining && self.runs.is_empty() && self.asked.is_empty() {
            self.mode = Mode::Gone;
            asks.retain(|ask| !matches!(ask, Ask::Tend));
            asks.push(Ask::Leave);
        }
        asks
    }

    /// What was not answered: a settle is asked until there is an answer.
    fn ask_again(&mut self, now: Ms) -> Vec<Ask> {
        let asked = std::mem::take(&mut self.asked).into_iter();
        let (old, waiting): (Vec<_>, Vec<_>) =
            asked.partition(|(_, (at, _))| now >= *at + PATIENCE);
        self.asked = waiting.into_iter().collect();
        let again = old.into_iter().map(|(_, (_, ask))| ask).filter(|ask| {
            matches!(
                ask,
                Ask::Settle { .. } | Ask::Release { .. } | Ask::Retry { .. } | Ask::Fire { .. }
            )
        });
        again.collect()
    }

    fn keep_and_end(&mut self, now: Ms, rng: &mut Rng, asks: &mut Vec<Ask>) {
        let mut kept = Vec::new();
        let runs = std::mem::take(&mut self.runs).into_iter();
        let (ended, going_on): (Vec<_>, Vec<_>) =
            runs.partition(|(_, run)| run.killed || run.ends_at <= now);
        self.runs = going_on.into_iter().collect();
        for (token, run) in ended {
            asks.push(settle(
                run.id,
                token,
                "done",
                chance(rng, 10),
                chance(rng, 20).then_some(run.job.app),
            ));
        }
        for (token, run) in &mut self.runs {
            if now >= run.extended_at + self.lease / 3 {
                run.extended_at = now;
                kept.push((run.id.clone(), token.clone()));
            }
        }
        if !kept.is_empty() {
            asks.push(Ask::Extend(kept));
        }
    }

    /// Takes an answer to question `number`; what it wants to ask next.
    pub(crate) fn take(
        &mut self,
        now: Ms,
        number: u64,
        answer: Answer,
        ledger: &mut Ledger,
        rng: &mut Rng,
    ) -> Result<Vec<Ask>, String> {
        // One that comes too late, or again, is not read.
        let Some((_, ask)) = self.asked.remove(&number) else {
            return Ok(Vec::new());
        };
        match answer {
            Answer::Leased(jobs) => self.take_jobs(now, jobs, ledger, rng),
            Answer::Tended(tended) => Ok(self.learn(tended)),
            Answer::Extended(ours) => {
                if let Ask::Extend(leases) = ask {
                    for ((_, token), _) in leases.iter().zip(ours).filter(|(_, ours)| !ours) {
                        self.runs.remove(token);
                    }
                }
                Ok(Vec::new())
            }
            Answer::Done => Ok(Vec::new()),
        }
    }

    fn take_jobs(
        &mut self,
        now: Ms,
        jobs: Vec<Leased>,
        ledger: &mut Ledger,
        rng: &mut Rng,
    ) -> Result<Vec<Ask>, String> {
        let mut asks = Vec::new();
        for Leased {
            id,
            token,
            job,
            unrunnable,
            ..
        } in jobs
        {
            if unrunnable.is_some() {
                asks.push(settle(id, token, "refused", chance(rng, 20), None));
            } else if self.banned.contains(&job.app) {
                asks.push(settle(id, token, "app_suspended", false, None));
            } else if self.mode == Mode::Draining || chance(rng, 6) {
                asks.push(Ask::Release { id, token });
            } else if chance(rng, 6) {
                let delay = if rng.bool() { 0 } else { rng.u64(1..400) };
                asks.push(Ask::Retry { id, token, delay });
            } else {
                ledger.run(&job)?;
                let long = if chance(rng, 4) { self.lease * 2 } else { 400 };
                let run = Run {
                    id,
                    job,
                    ends_at: now + rng.u64(1..long),
                    extended_at: now,
                    killed: false,
                };
                self.runs.insert(token, run);
            }
        }
        Ok(asks)
    }

    fn learn(&mut self, tended: Tended) -> Vec<Ask> {
        self.banned = tended.bans.into_iter().collect();
        for (_, token) in tended.cancelled {
            if let Some(run) = self.runs.get_mut(&token) {
                run.killed = true;
            }
        }
        let mut asks = Vec::new();
        for job in tended.unrunnable {
            asks.push(settle(job.id, job.token, "refused", false, None));
        }
        asks.extend(
            tended
                .due
                .into_iter()
                .map(|(id, tick)| Ask::Fire { id, tick }),
        );
        if tended.more {
            asks.push(Ask::Tend);
        }
        asks
    }
}

fn settle(id: String, token: String, outcome: &str, dead: bool, bad: Option<String>) -> Ask {
    let settle = Settle {
        outcome: outcome.to_owned(),
        dead,
    };
    Ask::Settle {
        id,
        token,
        settle,
        bad,
    }
}
