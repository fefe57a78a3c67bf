//! The implementations agree with the model: random operations, the same answers step by step.
//!
//! Whatever depends on time is left out: no delay, no expiry, no rate. What is compared: which jobs
//! a lease brings and in which order, what must not run and why, each operation's answer, the
//! numbers, kept results, and at the end every reply list. `LODE_SIM_SEED=7` replays one seed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use lode_queue::{
    AppQuota, Cancelled, DeadPick, LeaseRef, Leased, Queue, QueueOptions, Settle, Unrunnable, open,
};
use tempfile::TempDir;

use crate::model::{self, Bug, Model, NewJob, Options, Quota, State, Why};
use crate::plan::chance;
use crate::server::RedisServer;
use crate::wording::{plain, real_why, some_id, text};

const SEEDS: u64 = 25;
const STEPS: usize = 80;
/// Seeds that run side by side.
const AT_ONCE: usize = 5;
/// Far longer than a test takes.
const LONG: Duration = Duration::from_secs(600);
const LONG_MS: u64 = 600_000;
/// The model's time: it stands still.
const NOW: u64 = 1_000;
const HANDLE: u64 = 1;
/// Between a reason and its job's text.
const END: char = '\u{1f}';
const APPS: [&str; 3] = ["a0", "a1", "a2"];

/// A lease on both sides.
#[derive(Debug)]
struct Held {
    /// The job's id in the model.
    id: String,
    token: String,
    lease: LeaseRef,
    named: bool,
}

/// The model and an implementation, side by side.
struct Pair {
    rng: Rng,
    model: Model,
    queue: Arc<dyn Queue>,
    /// Ids of the model that are others in the queue: those of entries.
    real_ids: BTreeMap<String, String>,
    held: Vec<Held>,
    lists: Vec<String>,
    /// What the model has pushed, by list.
    pushed: BTreeMap<String, Vec<String>>,
    made: usize,
    tokens: usize,
}

/// Reasons as text, with the ids of the queue.
type Doomed = Vec<(String, String)>;

impl Pair {
    async fn open(url: &str, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let (app_max, max) = (rng.i64(3..9), rng.i64(8..20));
        let options = QueueOptions {
            lease: LONG,
            default_app_cap: 2,
            max_attempts: 1_000,
            result_ttl: LONG,
            worker_timeout: LONG,
            app_queue_max: app_max,
            queue_max: max,
            ..QueueOptions::default()
        };
        let model = Options {
            lease: LONG_MS,
            default_cap: 2,
            max_attempts: 1_000,
            result_ttl: LONG_MS,
            worker_timeout: LONG_MS,
            grace_max: LONG_MS,
            poison_losses: 2,
            app_queue_max: app_max,
            queue_max: max,
            breaker_bad_jobs: 10,
            breaker_window: 1_000,
            breaker_ban: LONG_MS,
            admit_max: 1_000,
            admit_newest: 0,
            unrunnable_batch: 100,
            unrunnable_max: 10_000,
            joined_max: 64,
        };
        Self {
            rng,
            model: Model::new(model, Bug::None),
            queue: open(url, options).await.unwrap(),
            real_ids: BTreeMap::new(),
            held: Vec::new(),
            lists: Vec::new(),
            pushed: BTreeMap::new(),
            made: 0,
            tokens: 0,
        }
    }

    /// One random operation on both, and the comparison of all that can be seen after it.
    async fn step(&mut self) {
        let mut doomed = match self.rng.u32(0..100) {
            0..35 => self.enqueue().await,
            35..60 => self.lease().await,
            60..74 => self.settle().await,
            74..80 => self.hand_back().await,
            80..87 => self.cancel().await,
            87..91 => self.pause().await,
            91..95 => self.set_quotas().await,
            _ => self.requeue_dead().await,
        };
        self.tend(&mut doomed).await;
        self.compare_numbers().await;
        for (list, outcome) in std::mem::take(&mut self.model.pushed) {
            self.pushed.entry(list).or_default().push(outcome);
        }
    }

    fn new_job(&mut self) -> NewJob {
        let number = self.made;
        self.made += 1;
        let rng = &mut self.rng;
        let mut job = NewJob {
            id: chance(rng, 60).then(|| some_id(rng, &APPS)),
            app: APPS[rng.usize(0..APPS.len())].to_owned(),
            hook: "h".to_owned(),
            priority: rng.i64(-2..=2),
            idempotent: rng.bool(),
            reply_to: chance(rng, 80).then(|| self.queue.reply_list(&format!("r{number}"))),
            ..NewJob::default()
        };
        if chance(rng, 25) {
            job.dedupe_key = Some(format!("k{}", rng.usize(0..4)));
            job.dedupe_ttl = rng.bool().then_some(LONG_MS);
        }
        // No key of a queue's own is told an outcome.
        if chance(rng, 5) {
            job.reply_to = Some("lode:{other}:in".to_owned());
        }
        job.text = text(&job);
        self.lists.extend(job.reply_to.clone());
        job
    }

    /// A few jobs, or so many of one id that not all can wait for it.
    async fn enqueue(&mut self) -> Doomed {
        let many = chance(&mut self.rng, 2);
        let count = if many { 67 } else { self.rng.usize(1..4) };
        let mut jobs: Vec<NewJob> = (0..count).map(|_| self.new_job()).collect();
        if many {
            for job in &mut jobs {
                (job.id, job.app) = (Some("j0".to_owned()), APPS[0].to_owned());
                job.text = text(job);
            }
        }
        let texts: Vec<String> = jobs.iter().map(|job| job.text.clone()).collect();
        let entries = self.queue.enqueue_many(&texts).await.unwrap();
        for (job, entry) in jobs.into_iter().zip(entries) {
            let number = self.model.enqueue(NOW, job);
            self.real_ids.insert(format!("e{number}"), entry);
        }
        Vec::new()
    }

    async fn lease(&mut self) -> Doomed {
        // Some that are refused at once: this lease is not to bring them.
        if chance(&mut self.rng, 30) {
            self.enqueue().await;
        }
        let max = self.rng.usize(1..6);
        let not_of = if chance(&mut self.rng, 20) {
            vec![APPS[1].to_owned()]
        } else {
            Vec::new()
        };
        let stem = self.stem();
        let expected = self.model.lease(NOW, HANDLE, &stem, max, &not_of);
        let leased = self.queue.lease("w", max, &not_of).await.unwrap();
        let told = leased.iter().any(|job| job.unrunnable.is_some());
        assert!(!told, "who tends is told by tending: {leased:?}");
        self.take(expected, leased)
    }

    fn stem(&mut self) -> String {
        self.tokens += 1;
        format!("s{}", self.tokens)
    }

    /// Jobs to run are the same in the same order; the others may come with any call, and are
    /// returned: the model's as they are, the queue's with a mark, so that both must be there.
    fn take(&mut self, expected: Vec<model::Leased>, leased: Vec<Leased>) -> Doomed {
        let (run, doom): (Vec<_>, Vec<_>) = expected
            .into_iter()
            .partition(|job| job.unrunnable.is_none());
        let (real_run, real_doom): (Vec<_>, Vec<_>) =
            leased.into_iter().partition(|job| job.unrunnable.is_none());
        let wanted: Vec<_> = run
            .iter()
            .map(|job| (plain(&self.real(&job.id)), &job.job.text, job.attempts))
            .collect();
        let got: Vec<_> = real_run
            .iter()
            .map(|job| (plain(&job.lease.job_id), &job.job, job.attempts))
            .collect();
        assert_eq!(got, wanted, "leased to run");
        for (job, real) in run.into_iter().zip(real_run) {
            let named = job.job.id.is_some();
            self.held.push(Held {
                id: job.id,
                token: job.token,
                lease: real.lease,
                named,
            });
        }
        let mut doomed = Vec::new();
        for job in doom {
            let why = self.why(job.unrunnable.as_ref().unwrap());
            let line = format!("model {} {why}{END}{}", job.token, job.job.text);
            doomed.push((self.real(&job.id), line));
            self.held.push(Held {
                lease: LeaseRef {
                    job_id: self.real(&job.id),
                    token: String::new(),
                },
                id: job.id,
                token: job.token,
                named: job.job.id.is_some(),
            });
        }
        for job in real_doom {
            let why = real_why(job.unrunnable.as_ref().unwrap());
            let line = format!("queue {} {why}{END}{}", job.lease.token, job.job);
            doomed.push((job.lease.job_id, line));
        }
        doomed
    }

    /// Tends until nothing is left to be settled unrun, compares that, and settles it.
    async fn tend(&mut self, doomed: &mut Doomed) {
        loop {
            let stem = self.stem();
            let expected = self.model.tend(NOW, HANDLE, &stem);
            let tended = self.queue.tend("w").await.unwrap();
            let done = expected.unrunnable.is_empty() && tended.unrunnable.is_empty();
            doomed.extend(self.take(expected.unrunnable, tended.unrunnable));
            if done && !tended.more {
                let mut wanted: Vec<String> = expected
                    .cancelled
                    .iter()
                    .map(|(id, _)| plain(&self.real(id)))
                    .collect();
                let mut got: Vec<String> = tended
                    .cancelled
                    .into_iter()
                    .map(|lease| plain(&lease.job_id))
                    .collect();
                wanted.sort();
                got.sort();
                assert_eq!(got, wanted, "running jobs that were cancelled");
                break;
            }
        }
        let of = |side: &str| {
            let mut all = Vec::new();
            for (id, text) in doomed.iter() {
                if let Some(rest) = text.strip_prefix(side) {
                    let (token, why) = rest.trim_start().split_once(' ').unwrap();
                    all.push((plain(id), why.to_owned(), token.to_owned(), id.clone()));
                }
            }
            all.sort();
            all
        };
        let (wanted, got) = (of("model"), of("queue"));
        let without_token = |all: &[(String, String, String, String)]| -> Vec<_> {
            all.iter()
                .map(|(id, why, ..)| (id.clone(), why.clone()))
                .collect()
        };
        assert_eq!(without_token(&got), without_token(&wanted), "not to run");
        for ((_, why, token, _), (_, _, real_token, id)) in wanted.into_iter().zip(got) {
            let why = why.split(END).next().unwrap_or_default();
            let place = self
                .held
                .iter()
                .position(|held| held.token == token)
                .unwrap();
            let mut held = self.held.swap_remove(place);
            held.lease = LeaseRef {
                job_id: id,
                token: real_token,
            };
            self.end(&held, format!(r#"{{"refused":"{why}"}}"#), false)
                .await;
        }
    }

    async fn settle(&mut self) -> Doomed {
        if let Some(held) = self.some_held() {
            let dead = held.named && chance(&mut self.rng, 40);
            let outcome = format!(r#"{{"of":"{}"}}"#, held.lease.token);
            self.end(&held, outcome, dead).await;
            // A second time it is nobody's any more.
            if chance(&mut self.rng, 30) {
                let again = self
                    .queue
                    .settle(&held.lease, Settle::default())
                    .await
                    .unwrap();
                assert!(!again, "settled twice: {held:?}");
            }
        }
        Vec::new()
    }

    /// Settles on both sides.
    async fn end(&mut self, held: &Held, outcome: String, dead: bool) {
        let reply_to = self.model.jobs[&held.id].new.reply_to.clone();
        let settle = Settle {
            outcome: outcome.clone(),
            reply_to,
            dead: dead.then(|| "test".to_owned()),
            ..Settle::default()
        };
        let ours = self.queue.settle(&held.lease, settle).await.unwrap();
        let settle = model::Settle { outcome, dead };
        let expected = self.model.settle(NOW, &held.id, &held.token, &settle);
        assert_eq!(ours, expected, "settle of {held:?}");
    }

    async fn hand_back(&mut self) -> Doomed {
        if let Some(held) = self.some_held() {
            if self.rng.bool() {
                let count = self
                    .queue
                    .release(std::slice::from_ref(&held.lease))
                    .await
                    .unwrap();
                let expected = self.model.release(NOW, &held.id, &held.token);
                assert_eq!(count, usize::from(expected), "release of {held:?}");
            } else {
                let ours = self.queue.retry(&held.lease, Duration::ZERO).await.unwrap();
                let expected = self.model.retry(NOW, &held.id, &held.token, 0);
                assert_eq!(ours, expected, "retry of {held:?}");
            }
        }
        Vec::new()
    }

    fn some_held(&mut self) -> Option<Held> {
        let count = self.held.len();
        (count > 0).then(|| self.held.swap_remove(self.rng.usize(0..count)))
    }

    async fn cancel(&mut self) -> Doomed {
        let id = some_id(&mut self.rng, &APPS);
        let app = self.rng.bool().then(|| APPS[self.rng.usize(0..APPS.len())]);
        let expected = match self.model.cancel(NOW, &id, app) {
            model::Cancelled::Queued => Cancelled::Queued,
            model::Cancelled::Running => Cancelled::Running,
            model::Cancelled::NotFound => Cancelled::NotFound,
        };
        let answer = self.queue.cancel(&id, app).await.unwrap();
        assert_eq!(answer, expected, "cancel of {id} {app:?}");
        Vec::new()
    }

    async fn pause(&mut self) -> Doomed {
        let app = chance(&mut self.rng, 70).then(|| APPS[self.rng.usize(0..APPS.len())]);
        let paused = chance(&mut self.rng, 40);
        let expected = self.model.set_paused(NOW, app, paused);
        let changed = if paused {
            self.queue.pause(app).await.unwrap()
        } else {
            self.queue.resume(app).await.unwrap()
        };
        assert_eq!(changed, expected, "pause {paused} of {app:?}");
        Vec::new()
    }

    async fn set_quotas(&mut self) -> Doomed {
        let (mut real, mut quotas) = (Vec::new(), Vec::new());
        for app in APPS {
            let rng = &mut self.rng;
            let max_concurrent = rng.bool().then(|| rng.i64(-1..4));
            let weight = rng.bool().then(|| rng.u32(1..=100));
            let queue_max = chance(rng, 30).then(|| rng.i64(-1..8));
            real.push((
                app.to_owned(),
                AppQuota {
                    max_concurrent,
                    weight,
                    queue_max,
                    ..AppQuota::default()
                },
            ));
            quotas.push((
                app.to_owned(),
                Quota {
                    cap: max_concurrent,
                    weight,
                    queue_max,
                    ..Quota::default()
                },
            ));
        }
        self.model.set_quotas(NOW, &quotas);
        self.queue.set_quotas(&real).await.unwrap();
        Vec::new()
    }

    /// One dead job: in which order several come back is nobody's business.
    async fn requeue_dead(&mut self) -> Doomed {
        let of_id = |id: &String| {
            self.model
                .dead
                .iter()
                .filter(|(dead, _)| dead == id)
                .count()
        };
        let mut single = self
            .model
            .dead
            .iter()
            .map(|(id, _)| id)
            .filter(|id| id.starts_with('j') && **id == plain(id) && of_id(id) == 1);
        let single = single.next().cloned();
        if let Some(id) = single {
            let expected = self.model.take_dead(Some(&id));
            let count = self
                .queue
                .requeue_dead(&DeadPick::Job(id.clone()))
                .await
                .unwrap();
            assert_eq!(count, expected.len() as u64, "requeue of {id}");
            for job in expected {
                self.model.enqueue(NOW, job);
            }
        }
        Vec::new()
    }

    async fn compare_numbers(&mut self) {
        let stats = self.queue.stats().await.unwrap();
        let in_state = |is: fn(&State) -> bool| {
            self.model
                .jobs
                .values()
                .filter(|job| is(&job.state))
                .count() as u64
        };
        let expected = [
            ("inbox", self.model.inbox.len() as u64),
            ("queued", in_state(|state| *state == State::Queued)),
            ("delayed", 0),
            ("leased", in_state(|state| state.lease().is_some())),
            ("dead", self.model.dead.len() as u64),
            ("settled", self.model.counters.settled),
            ("duplicates", self.model.counters.duplicates),
            ("reclaimed", 0),
            ("refused", self.model.counters.refused),
            ("cancelled", self.model.counters.cancelled),
            ("expired", 0),
            ("undelivered", self.model.counters.undelivered),
            ("paused", u64::from(self.model.paused)),
        ];
        let got = [
            ("inbox", stats.inbox),
            ("queued", stats.queued),
            ("delayed", stats.delayed),
            ("leased", stats.leased),
            ("dead", stats.dead),
            ("settled", stats.settled),
            ("duplicates", stats.duplicates),
            ("reclaimed", stats.reclaimed),
            ("refused", stats.refused),
            ("cancelled", stats.cancelled),
            ("expired", stats.expired),
            ("undelivered", stats.undelivered),
            ("paused", u64::from(stats.paused)),
        ];
        assert_eq!(got, expected);
    }

    /// Kept outcomes and reply lists.
    async fn compare_the_end(&mut self) {
        for app in APPS {
            for number in 0..25 {
                let id = format!("j{number}");
                let kept = self.queue.result(app, &id).await.unwrap();
                assert_eq!(kept, self.model.kept(NOW, app, &id), "result of {app} {id}");
            }
        }
        // All at once: each list is asked until it is empty, and an empty one takes its time.
        let mut readers = tokio::task::JoinSet::new();
        for list in self.lists.clone() {
            let queue = self.queue.clone();
            readers.spawn(async move {
                let (mut outcomes, wait) = (Vec::new(), Duration::from_millis(1));
                while let Some(outcome) = queue.await_reply(&list, wait).await.unwrap() {
                    outcomes.push(outcome);
                }
                (list, outcomes)
            });
        }
        while let Some(read) = readers.join_next().await {
            let (list, outcomes) = read.unwrap();
            let expected = self.pushed.remove(&list).unwrap_or_default();
            assert_eq!(outcomes, expected, "outcomes on {list}");
        }
    }

    /// An id of the model as the queue has it.
    fn real(&self, id: &str) -> String {
        self.real_ids
            .get(id)
            .cloned()
            .unwrap_or_else(|| id.to_owned())
    }

    fn why(&self, why: &Why) -> String {
        real_why(&match why {
            Why::WorkerLost => Unrunnable::WorkerLost,
            Why::TooManyAttempts => Unrunnable::TooManyAttempts,
            Why::Poison { workers } => Unrunnable::Poison { workers: *workers },
            Why::Expired => Unrunnable::Expired,
            Why::Cancelled => Unrunnable::Cancelled,
            Why::AppQueueFull { max } => Unrunnable::AppQueueFull { max: *max },
            Why::QueueFull { max } => Unrunnable::QueueFull { max: *max },
            Why::Duplicate { of } => Unrunnable::Duplicate { of: self.real(of) },
        })
    }
}

/// Runs all seeds, each on a queue of its own at `url(seed)`; some at a time, for a file makes
/// them wait.
async fn agree(url: impl Fn(u64) -> String) {
    let seeds = crate::setting("LODE_SIM_SEED").map_or(0..SEEDS, |seed| seed..seed + 1);
    let seeds: Vec<u64> = seeds.collect();
    for some in seeds.chunks(AT_ONCE) {
        let mut runs = tokio::task::JoinSet::new();
        for seed in some {
            runs.spawn(agree_on(url(*seed), *seed));
        }
        while let Some(run) = runs.join_next().await {
            run.unwrap();
        }
    }
}

#[expect(clippy::print_stdout, reason = "shown when the test fails")]
async fn agree_on(url: String, seed: u64) {
    let mut pair = Pair::open(&url, seed).await;
    for step in 0..STEPS {
        // A failed assertion does not know where it was. Of several seeds each has a last line:
        // replayed alone, one says it.
        println!("LODE_SIM_SEED={seed}, step {step}");
        pair.step().await;
    }
    pair.compare_the_end().await;
    println!("LODE_SIM_SEED={seed} agrees");
}

#[tokio::test]
async fn sqlite_agrees_with_the_model() {
    let dir = TempDir::new().unwrap();
    let file = |seed| dir.path().join(format!("{seed}.db"));
    agree(|seed| format!("sqlite:{}", file(seed).display())).await;
}

#[tokio::test]
async fn redis_agrees_with_the_model() {
    let dir = TempDir::new().unwrap();
    let server = RedisServer::start(dir.path(), &[]);
    agree(|seed| format!("{}?queue=s{seed}", server.url)).await;
}
