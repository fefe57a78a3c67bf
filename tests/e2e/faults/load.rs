//! `Load`: producers that lose no job whatever becomes of their connections.
//!
//! A job has an id of its own. An enqueue without an answer is done again with the same id; so is
//! one whose outcome does not come, for a `BLPOP` that fails may have taken it along. Each attempt
//! names a list of its own, so that each outcome tells which attempt asked for it. Now and then a
//! producer walks away from a question before its answer: chance alone seldom hits that instant.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use fastrand::Rng;
use redis::{Connection, ErrorKind, RedisResult, cmd, pipe};
use serde_json::json;

use super::clock::{Clock, micros};
use crate::support::history::{Attempt, Delivery, JobHistory};
use crate::support::redis_set::Finder;
use crate::support::{eventually, outcome};

pub(super) const PRODUCERS: usize = 3;
/// Unanswered jobs of one producer: enough to keep the workers busy, few enough for short waits.
const WINDOW: usize = 100;
/// Jobs that one round trip enqueues.
const BATCH: usize = 25;
/// An outcome that has not come after this is asked for again.
const SILENCE: Duration = Duration::from_secs(10);
/// One in so many batches is enqueued without waiting for the answer.
const CARELESS_ENQUEUE: u32 = 25;
/// One in so many outcomes is asked for without waiting for it.
const CARELESS_READ: u32 = 400;
/// Longer than Redis is ever stopped, so that a stop alone loses no answer.
const PATIENCE: Duration = Duration::from_secs(6);
/// Between two looks for a Redis that serves.
const PAUSE: Duration = Duration::from_millis(50);

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Echo,
    /// Leaves a document with its id in the app's collection `effects`.
    Effect,
    /// Lasts, so that a fault finds it under way.
    Sleep,
}

impl Kind {
    fn of(n: usize) -> Self {
        match n {
            n if n % 4 == 2 => Self::Effect,
            // Idempotent by turns, see `Job::new`.
            n if n % 36 == 3 => Self::Sleep,
            _ => Self::Echo,
        }
    }
}

/// One job and what was seen of it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) kind: Kind,
    pub(super) idempotent: bool,
    pub(super) history: JobHistory,
    again_us: u64,
}

/// What the producers have in common.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) seed: u64,
    pub(super) clock: Clock,
    pub(super) finder: Finder,
    /// The queue's name.
    pub(super) queue: String,
    pub(super) jobs_of_each: usize,
    /// Jobs that have an outcome.
    pub(super) answered: AtomicUsize,
    /// Set when the time is over: producers give up.
    pub(super) over: AtomicBool,
}

/// One application server; its app is `app<number>`.
#[derive(Debug)]
pub(super) struct LoadProducer<'a> {
    load: &'a Load,
    number: usize,
    rng: Rng,
    pub(super) jobs: Vec<Job>,
    /// Enqueued and not answered.
    open: BTreeSet<usize>,
    sent: usize,
    lists: usize,
    /// Reads without an answer: each may have taken one outcome along.
    pub(super) failed_reads: usize,
    /// Jobs that were asked for again although their enqueue had been acknowledged.
    pub(super) asked_again: usize,
}

impl Job {
    fn new(n: usize) -> Self {
        Self {
            kind: Kind::of(n),
            idempotent: n % 8 < 4,
            history: JobHistory::default(),
            again_us: 0,
        }
    }
}

/// The id of a producer's job.
pub(super) fn id_of(producer: usize, n: usize) -> String {
    format!("p{producer}-{n}")
}

/// The opposite of `id_of`.
pub(super) fn parse_id(id: &str) -> (usize, usize) {
    let (producer, n) = id.strip_prefix('p').unwrap().split_once('-').unwrap();
    (producer.parse().unwrap(), n.parse().unwrap())
}

impl<'a> LoadProducer<'a> {
    pub(super) fn new(load: &'a Load, number: usize) -> Self {
        Self {
            load,
            number,
            rng: Rng::with_seed(load.seed.wrapping_add(number as u64)),
            jobs: (0..load.jobs_of_each).map(Job::new).collect(),
            open: BTreeSet::new(),
            sent: 0,
            lists: 1,
            failed_reads: 0,
            asked_again: 0,
        }
    }

    /// Enqueues all jobs and takes their outcomes, until each has one or the time is over.
    pub(super) fn run(mut self) -> Self {
        let mut kept = None;
        while !self.is_done() && !self.load.over.load(Ordering::Relaxed) {
            let found = kept.take().or_else(|| self.load.finder.connect(PATIENCE));
            let Some(mut connection) = found else {
                std::thread::park_timeout(PAUSE);
                continue;
            };
            let turn = self
                .send(&mut connection)
                .and_then(|()| self.take(&mut connection));
            if turn.is_ok() {
                kept = Some(connection);
            }
        }
        self
    }

    fn is_done(&self) -> bool {
        self.sent == self.jobs.len() && self.open.is_empty()
    }

    /// Jobs without an outcome.
    pub(super) fn unanswered(&self) -> usize {
        let jobs = self.jobs.iter();
        jobs.filter(|job| job.history.deliveries.is_empty()).count()
    }

    /// Takes what has come to any list without waiting, once nothing more can come.
    pub(super) fn sweep(&mut self) {
        for attempt in 0..self.lists {
            eventually("a list is emptied", || {
                let mut connection = self.load.finder.connect(PATIENCE)?;
                loop {
                    let text: Option<String> = cmd("LPOP")
                        .arg(self.list(attempt))
                        .query(&mut connection)
                        .ok()?;
                    let Some(text) = text else { return Some(()) };
                    self.deliver(attempt, &text);
                }
            });
        }
    }

    fn list(&self, attempt: usize) -> String {
        let (queue, number) = (&self.load.queue, self.number);
        format!("lode:{{{queue}}}:reply:p{number}-{attempt}")
    }

    /// Jobs that are to be enqueued now: those without an answer first.
    fn due(&mut self) -> Vec<usize> {
        let now = self.load.clock.now_us();
        let again = self.open.iter().filter(|n| self.jobs[**n].again_us <= now);
        let mut due: Vec<usize> = again.copied().take(BATCH).collect();
        let room = WINDOW.saturating_sub(self.open.len());
        // A few at a time: not a round trip for each.
        if room >= BATCH || self.sent + room >= self.jobs.len() {
            let until = (self.sent + room.min(BATCH)).min(self.jobs.len());
            due.extend(self.sent..until);
            self.sent = until;
        }
        due
    }

    fn send(&mut self, connection: &mut Connection) -> RedisResult<()> {
        let due = self.due();
        if due.is_empty() {
            return Ok(());
        }
        let mut commands = pipe();
        for &n in &due {
            let text = self.ask(n);
            let inbox = format!("lode:{{{}}}:in", self.load.queue);
            commands.cmd("XADD").arg(&[&inbox, "*", "job", &text]);
        }
        if self.rng.u32(..CARELESS_ENQUEUE) == 0 {
            connection.send_packed_command(&commands.get_packed_pipeline())?;
            return walk_away();
        }
        // An answer that is an error tells too little of the others of its pipeline: unknown, all.
        let _: Vec<String> = commands.query(connection)?;
        let now = self.load.clock.now_us();
        for n in due {
            let job = &mut self.jobs[n];
            job.again_us = now + micros(SILENCE);
            if let Some(attempt) = job.history.attempts.last_mut() {
                attempt.acked_us = Some(now);
            }
        }
        Ok(())
    }

    /// Begins an attempt to enqueue job `n`; its record.
    fn ask(&mut self, n: usize) -> String {
        let from_us = self.load.clock.now_us();
        let job = &mut self.jobs[n];
        let attempts = &mut job.history.attempts;
        if attempts.last().is_some_and(|last| last.acked_us.is_some()) {
            self.asked_again += 1;
        }
        attempts.push(Attempt {
            from_us,
            acked_us: None,
        });
        // Without an answer: at once, by the next connection.
        job.again_us = 0;
        let attempt = attempts.len() - 1;
        self.lists = self.lists.max(attempt + 1);
        self.open.insert(n);
        let job = &self.jobs[n];
        let hook = match job.kind {
            Kind::Echo => "endpoint:echo",
            Kind::Effect => "endpoint:effect",
            Kind::Sleep => "endpoint:sleep",
        };
        let id = id_of(self.number, n);
        json!({
            "id": id, "app": format!("app{}", self.number), "hook": hook,
            "request": {"body": id}, "idempotent": job.idempotent,
            "reply_to": self.list(attempt),
            // A child that is stopped, or starved of time, is not what this is about.
            "timeout_ms": 60_000,
        })
        .to_string()
    }

    /// Takes outcomes while they come, up to a batch.
    fn take(&mut self, connection: &mut Connection) -> RedisResult<()> {
        let mut command = cmd("BLPOP");
        for attempt in 0..self.lists {
            command.arg(self.list(attempt));
        }
        command.arg("0.1");
        for _ in 0..BATCH {
            if self.rng.u32(..CARELESS_READ) == 0 {
                self.failed_reads += 1;
                connection.send_packed_command(&command.get_packed_command())?;
                return walk_away();
            }
            let answer: RedisResult<Option<(String, String)>> = command.query(connection);
            self.failed_reads += usize::from(answer.is_err());
            let Some((list, text)) = answer? else { break };
            let attempt = list.rsplit_once('-').unwrap().1.parse().unwrap();
            self.deliver(attempt, &text);
        }
        Ok(())
    }

    fn deliver(&mut self, attempt: usize, text: &str) {
        let at_us = self.load.clock.now_us();
        let outcome = outcome(text);
        let (producer, n) = parse_id(&outcome.id);
        assert_eq!(
            producer, self.number,
            "an outcome of another producer's job: {text}"
        );
        let tag = outcome.tag.to_string();
        if tag == "completed" {
            let body = outcome.response.body.get();
            assert_eq!(
                body,
                format!("\"{}\"", outcome.id),
                "the answer of another job: {text}"
            );
        }
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        self.jobs[n].history.deliveries.push(Delivery {
            attempt,
            at_us,
            digest: hasher.finish(),
            tag,
        });
        if self.open.remove(&n) {
            self.load.answered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What a connection that is given up comes to.
fn walk_away() -> RedisResult<()> {
    Err((ErrorKind::Io, "no longer interested").into())
}
