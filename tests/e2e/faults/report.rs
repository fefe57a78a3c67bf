//! `Report`: what the workers' logs and the store say of the jobs, and the verdict on all of it.

use std::collections::BTreeMap;
use std::time::Duration;

use lode_store::DocOp;
use serde_json::{Value, json};

use super::clock::{Clock, micros};
use super::director::Director;
use super::load::{Job, Kind, LoadProducer, id_of, parse_id};
use crate::support::Place;
use crate::support::history::Wrong;

/// What a job may come to when its processes are killed.
const ALLOWED: [&str; 3] = ["completed", "child_crashed", "worker_lost"];
/// Starts of an idempotent job, `queue.attempts_max`.
const STARTS_MAX: usize = 3;
/// The clocks of logs (microseconds) and hooks (milliseconds) against that of the drill.
const CLOCK_SLACK_US: u64 = 5_000;
/// Broken jobs that a failure shows.
const SHOWN_MAX: usize = 20;

/// Documents that each job of a producer left.
type Effects = BTreeMap<usize, usize>;

/// Everything that was found, in numbers.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) tags: BTreeMap<String, usize>,
    pub(super) attempts: usize,
    pub(super) unknown: usize,
    pub(super) loosely: usize,
    pub(super) unserved: usize,
    /// Acknowledged, and without an outcome.
    pub(super) lost: usize,
    /// With two outcomes, where no failover explains it.
    pub(super) answered_twice: usize,
    /// What a failover does explain, by what would be wrong without it: two outcomes most often.
    pub(super) two_lives: BTreeMap<String, usize>,
    /// Of the jobs beside a failover, those that left two effects although they are not idempotent.
    pub(super) ran_twice: usize,
    pub(super) broken: Vec<String>,
    /// From the last fault to the last first outcome of a job that was enqueued before it.
    pub(super) drain_us: u64,
}

/// Tells each history when a worker first showed that it had the job.
pub(super) fn read_logs(director: &Director, producers: &mut [LoadProducer<'_>]) {
    for text in director.workers.iter().flat_map(|worker| worker.all_logs()) {
        for line in text.lines() {
            let Some((_, rest)) = line.split_once("settled job=\"") else {
                continue;
            };
            let (Some((id, _)), Some((at, _))) = (rest.split_once('"'), line.split_once(' '))
            else {
                continue;
            };
            // The last line of a worker that was killed may be half a line.
            if let Ok(at) = humantime::parse_rfc3339(at) {
                let (producer, n) = parse_id(id);
                held(&mut producers[producer].jobs[n], director.clock.of_wall(at));
            }
        }
    }
}

fn held(job: &mut Job, at_us: u64) {
    let at_us = at_us + CLOCK_SLACK_US;
    let held = &mut job.history.held_us;
    *held = Some(held.map_or(at_us, |earlier| earlier.min(at_us)));
}

/// Reads the documents that a producer's jobs left, and tells their histories.
pub(super) fn read_effects(
    place: &Place,
    clock: &Clock,
    producer: usize,
    jobs: &mut [Job],
) -> Effects {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let found = runtime.block_on(async {
        let store = lode_store::open(&place.store).await.unwrap();
        let all = DocOp::Find {
            collection: "effects".to_owned(),
            query: json!({}),
            options: json!({}),
        };
        let found = store.execute(&format!("app{producer}"), all).await.unwrap();
        serde_json::from_str::<Vec<Value>>(found.as_json()).unwrap()
    });
    let mut effects = Effects::new();
    for document in found {
        let (_, n) = parse_id(document["job"].as_str().unwrap());
        let at = Duration::from_millis(document["at"].as_u64().unwrap());
        held(&mut jobs[n], clock.of_wall(std::time::UNIX_EPOCH + at));
        *effects.entry(n).or_default() += 1;
    }
    effects
}

impl Report {
    /// Judges all jobs of a producer.
    pub(super) fn judge(
        &mut self,
        director: &Director,
        (number, producer): (usize, &LoadProducer<'_>),
        effects: &Effects,
        last_fault_us: u64,
    ) {
        for (n, job) in producer.jobs.iter().enumerate() {
            let history = &job.history;
            let loosely = director.may_have_forgotten(history.span_us());
            self.loosely += usize::from(loosely);
            self.attempts += history.attempts.len();
            let unknown = history.attempts.iter().filter(|one| one.acked_us.is_none());
            self.unknown += unknown.count();
            for delivery in &history.deliveries {
                *self.tags.entry(delivery.tag.clone()).or_default() += 1;
            }
            let first = history.deliveries.iter().map(|one| one.at_us).min();
            if let Some(first) = first.filter(|_| history.span_us().0 <= last_fault_us) {
                self.drain_us = self.drain_us.max(first.saturating_sub(last_fault_us));
            }
            let strictly = history.check();
            let verdict = if loosely {
                history.check_loosely()
            } else {
                strictly
            };
            if let (Some(wrong), Ok(())) = (name(strictly), verdict) {
                *self.two_lives.entry(wrong).or_default() += 1;
            }
            self.lost += usize::from(verdict == Err(Wrong::Lost));
            let twice = matches!(verdict, Err(Wrong::AnsweredTwice | Wrong::SettledTwice));
            self.answered_twice += usize::from(twice);
            if !loosely {
                self.unserved += history.unserved();
            }
            let starts = effects.get(&n).copied().unwrap_or(0);
            self.ran_twice += usize::from(loosely && !job.idempotent && starts > 1);
            let wrong = name(verdict).or_else(|| wrong_outcome(job, starts, loosely));
            if let Some(wrong) = wrong {
                let id = id_of(number, n);
                let (kind, idempotent) = (job.kind, job.idempotent);
                let job = format!("{id} ({kind:?}, idempotent: {idempotent}, {starts} effects)");
                self.broken.push(format!("{job}: {wrong}\n{history}"));
            }
        }
    }

    /// The first of the broken jobs, to be read by a person.
    pub(super) fn shown(&self) -> String {
        let shown = self.broken.iter().take(SHOWN_MAX).cloned();
        shown.collect::<Vec<_>>().join("\n")
    }
}

fn name(verdict: Result<(), Wrong>) -> Option<String> {
    verdict.err().map(|wrong| format!("{wrong:?}"))
}

/// What is wrong with the tags and the number of effects, if anything.
fn wrong_outcome(job: &Job, starts: usize, loosely: bool) -> Option<String> {
    let deliveries = &job.history.deliveries;
    if let Some(odd) = deliveries
        .iter()
        .find(|one| !ALLOWED.contains(&one.tag.as_str()))
    {
        return Some(format!("{} is no outcome of such a fault", odd.tag));
    }
    let completed = deliveries.iter().any(|one| one.tag == "completed");
    let starts_max = if job.idempotent { STARTS_MAX } else { 1 };
    if job.kind == Kind::Effect && completed && starts == 0 {
        return Some("completed without its effect".to_owned());
    }
    // A second life has starts of its own.
    let lives = if loosely { 2 } else { 1 };
    (starts > starts_max * lives).then(|| format!("it ran more than {starts_max} times"))
}

/// In seconds.
pub(super) fn seconds(us: u64) -> f64 {
    Duration::from_micros(us).as_secs_f64()
}

/// Microseconds of a number of seconds.
pub(super) fn seconds_us(seconds: u64) -> u64 {
    micros(Duration::from_secs(seconds))
}
