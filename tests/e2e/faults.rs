//! The fault drill: real processes under load, killed, stopped and cut off at random moments.
//!
//! Three producers send jobs to two workers while a seeded plan of faults hits masters, zygotes,
//! children, Redis and the network between them. Afterwards each job's history must be that of
//! one job: nothing lost, nothing answered twice, nothing run more often than it allows. The time
//! from the last fault to the last outcome of what was enqueued before it is printed, not judged.
//!
//! One Redis, with each write in its append-only file before the answer, forgets nothing. A set
//! with sentinels may forget its last writes in a failover, and a replica that is cut off before
//! makes sure of that: jobs that lived beside one are asked for again by their producer until they
//! are answered, and may have had two lives. A forgotten enqueue is a job that never was; a
//! forgotten settle gives its job back when the lease ends: it runs again or is answered
//! `worker_lost` after its outcome; a forgotten lease lets a job run twice at one time, and the
//! first of the two settles counts. What may be lost is in `deploy/redis.md`.
//!
//! `LODE_FAULT_JOBS` (of each drill), `LODE_FAULT_SECONDS` (faults come for so long) and
//! `LODE_FAULT_SEED` (of faults and load; printed) choose, or the constants below. The long form
//! takes several minutes and a new seed each time:
//!
//! ```text
//! cargo xtask faults 100000
//! ```

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use lode_queue::QueueOptions;
use redis::cmd;

use self::clock::Clock;
use self::director::Director;
use self::fault::{Fault, Plan, SENTINEL, STANDALONE};
use self::keeper::Keeper;
use self::load::{Load, LoadProducer, PRODUCERS};
use self::report::{Report, read_effects, read_logs, seconds, seconds_us};
use crate::support::proxy::Proxy;
use crate::support::redis_set::{RedisSet, SERVICE};
use crate::support::{Place, eventually};

mod clock;
mod director;
mod fault;
mod keeper;
mod load;
mod outage;
mod report;

const WORKERS: usize = 2;
const JOBS: usize = 6_000;
const SECONDS: u64 = 20;
/// The same faults each time, so that a failure is of what was changed.
const SEED: u64 = 4;
/// Without a fault and without an answer for so long: what is not answered then never is.
const STUCK_S: u64 = 60;
/// Faults end when nine of ten jobs are answered: the drain is to have something left.
const RAGE_TENTHS: usize = 9;
const QUEUE: &str = "drill";
/// Between two turns of the director.
const TURN: Duration = Duration::from_millis(10);
const SETTINGS: &[&str] = &[
    "QUEUE_LEASE_MS=3000",
    "QUEUE_APP_MAX_CONCURRENT=-1",
    "POOL_WARM=2",
    "LOG_LEVEL=warn,lode=info",
    // The deaths are of our making: they are not to suspend the app.
    "BREAKER_BAD_JOBS=0",
];
/// Leaves a document, so that each start can be counted.
const EFFECT: &str = "db.insert('effects', { job: request.body, at: Date.now() })
  .then(() => complete(null, request.body), complete);
";
const SLEEP: &str = "setTimeout(() => complete(null, request.body), 400);\n";

#[test]
fn one_redis_under_faults_loses_nothing_and_doubles_nothing() {
    let place = place();
    let set = RedisSet::standalone(&place.path(""));
    let port = set.nodes[0].port;
    let proxies: Vec<Proxy> = (0..WORKERS).map(|_| Proxy::start(port)).collect();
    let workers = proxies.iter().map(|proxy| {
        let url = format!("redis://{}?queue={QUEUE}", proxy.address());
        Keeper::new(url, SETTINGS)
    });
    let workers = workers.collect();
    drill(&place, set, workers, proxies, STANDALONE);
}

fn place() -> Place {
    // Only for its folder and its store.
    let place = Place::sqlite();
    let effect = place.write("effect.js", EFFECT);
    let sleep = place.write("sleep.js", SLEEP);
    for number in 0..PRODUCERS {
        let app = format!("app{number}");
        place.app(&app, &[]);
        place.endpoints(&app, &["echo"]);
        place.put(&app, &effect, "endpoint:effect").good();
        place.put(&app, &sleep, "endpoint:sleep").good();
    }
    place
}

/// A number that the environment chooses.
#[expect(
    clippy::disallowed_methods,
    reason = "tests have no config.rs to read it in"
)]
fn number<T: std::str::FromStr>(name: &str, default: T) -> T {
    let name = format!("LODE_FAULT_{name}");
    let Ok(text) = std::env::var(&name) else {
        return default;
    };
    let parsed = text.parse();
    parsed.unwrap_or_else(|_| panic!("{name} is a number, not {text:?}"))
}

/// Runs all jobs through all faults, and judges.
fn drill(
    place: &Place,
    set: RedisSet,
    workers: Vec<Keeper>,
    proxies: Vec<Proxy>,
    faults: &'static [Fault],
) {
    let (seed, jobs) = (number("SEED", SEED), number("JOBS", JOBS));
    eprintln!("seed {seed}: {jobs} jobs");
    let clock = Clock::start();
    let load = Load {
        seed,
        clock,
        finder: set.finder(),
        queue: QUEUE.to_owned(),
        jobs_of_each: jobs.div_ceil(PRODUCERS),
        answered: AtomicUsize::new(0),
        over: AtomicBool::new(false),
    };
    let plan = Plan::new(seed, faults, WORKERS);
    let mut director = Director::new(seed, clock, set, workers, proxies, plan);
    let mut producers = rage(place, &load, &mut director);
    let (took_us, last_us) = (clock.now_us(), director.last_us());
    idle(&load, &mut director, place);
    producers.iter_mut().for_each(LoadProducer::sweep);
    director
        .workers
        .iter_mut()
        .for_each(|worker| worker.kill(u64::MAX));
    let times = Times { took_us, last_us };
    verdict(place, &director, &mut producers, &times);
}

/// Faults until it is enough, then none until all jobs are answered or the time is over.
fn rage<'a>(place: &Place, load: &'a Load, director: &mut Director) -> Vec<LoadProducer<'a>> {
    let jobs = load.jobs_of_each * PRODUCERS;
    let rage_until_us = seconds_us(number("SECONDS", SECONDS));
    std::thread::scope(|scope| {
        // Before anything can fail here: the producers must end.
        let over = Over(&load.over);
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|number| scope.spawn(move || LoadProducer::new(load, number).run()))
            .collect();
        let (mut raging, mut progress) = (true, (0, 0));
        while producers.iter().any(|producer| !producer.is_finished()) {
            let now = load.clock.now_us();
            let answered = load.answered.load(Ordering::Relaxed);
            raging &= now < rage_until_us && answered < jobs * RAGE_TENTHS / 10;
            director.turn(place, raging.then_some(answered));
            if progress.0 < answered || raging {
                progress = (answered, now);
            }
            if now > progress.1.max(director.last_us()) + seconds_us(STUCK_S) {
                break;
            }
            std::thread::park_timeout(TURN);
        }
        drop(over);
        let producers = producers.into_iter();
        producers.map(|producer| producer.join().unwrap()).collect()
    })
}

/// Sets a flag when it goes, however it goes.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Waits until the queue holds no job, so that no further outcome can come.
fn idle(load: &Load, director: &mut Director, place: &Place) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    eventually("no job is left in the queue", || {
        director.turn(place, None);
        if !director.is_healed() {
            return None;
        }
        let url = format!("redis://127.0.0.1:{}?queue={QUEUE}", load.finder.primary()?);
        let stats = runtime.block_on(async {
            let queue = lode_queue::open(&url, QueueOptions::default()).await?;
            queue.stats().await
        });
        let stats = stats.ok()?;
        // What waits only to be settled is in no counter.
        let mut connection = load.finder.connect(Duration::from_secs(5))?;
        let jobs: Vec<String> = cmd("KEYS")
            .arg(format!("lode:{{{QUEUE}}}:job:*"))
            .query(&mut connection)
            .ok()?;
        let live = stats.inbox + stats.queued + stats.delayed + stats.leased;
        (live == 0 && jobs.is_empty()).then_some(())
    });
}

/// Of one drill, in microseconds since its start.
struct Times {
    /// The end of the load.
    took_us: u64,
    /// The last fault, or its end, before that.
    last_us: u64,
}

/// Reads what there is to read, prints the numbers, and fails on whatever is wrong.
#[expect(clippy::print_stdout, reason = "the figures are its output")]
fn verdict(place: &Place, director: &Director, producers: &mut [LoadProducer<'_>], times: &Times) {
    read_logs(director, producers);
    let mut report = Report::default();
    for (number, producer) in producers.iter_mut().enumerate() {
        let effects = read_effects(place, &director.clock, number, &mut producer.jobs);
        report.judge(director, (number, producer), &effects, times.last_us);
    }
    let sum = |of: fn(&LoadProducer<'_>) -> usize| producers.iter().map(of).sum::<usize>();
    let jobs = sum(|producer| producer.jobs.len());
    let failed_reads = sum(|producer| producer.failed_reads);
    let unanswered = sum(|producer| producer.unanswered());
    let Report {
        tags,
        attempts,
        unknown,
        loosely,
        unserved,
        lost,
        answered_twice,
        two_lives,
        ran_twice,
        broken,
        drain_us,
    } = &report;
    let (seed, faults) = (director.seed, &director.faults);
    println!(
        "fault drill, seed {seed}: {jobs} jobs in {:.1} s; lost {lost}, answered twice \
         {answered_twice}, otherwise wrong {}\n  {} faults: {faults:?}; {} failovers\n  drained \
         {:.1} s after the last fault; outcomes: {tags:?}\n  {attempts} enqueues, {unknown} of \
         them without an answer; {failed_reads} reads without an answer; {unserved} outcomes that \
         no list got; {} jobs asked for again after silence\n  {loosely} jobs beside a failover; \
         of them with two lives: {two_lives:?}, run twice though not idempotent: {ran_twice}",
        seconds(times.took_us),
        broken.len().saturating_sub(lost + answered_twice),
        faults.values().sum::<usize>(),
        director.failovers,
        seconds(*drain_us),
        sum(|producer| producer.asked_again),
    );
    let gave_up: Vec<&String> = director.workers.iter().flat_map(|w| &w.gave_up).collect();
    assert!(
        broken.is_empty(),
        "seed {seed}, {} jobs: {}",
        broken.len(),
        report.shown()
    );
    let answered = jobs - unanswered;
    assert!(
        unanswered == 0,
        "seed {seed}: {answered} of {jobs} jobs were answered"
    );
    assert!(
        gave_up.is_empty(),
        "seed {seed}: workers ended by themselves: {gave_up:?}"
    );
    let completed = tags.get("completed").copied().unwrap_or(0);
    assert!(
        completed > jobs / 2,
        "seed {seed}: only {completed} of {jobs} jobs completed"
    );
    assert!(
        *unserved <= failed_reads,
        "seed {seed}: {unserved} outcomes were not delivered, {failed_reads} reads may have lost one"
    );
}

#[test]
fn a_failover_under_faults_loses_only_what_its_producer_asks_for_again() {
    let place = place();
    let set = RedisSet::sentinel(&place.path(""));
    let url = format!("{}/{SERVICE}?queue={QUEUE}", set.sentinel_url());
    let workers = (0..WORKERS).map(|_| Keeper::new(url.clone(), SETTINGS));
    let workers = workers.collect();
    drill(&place, set, workers, Vec::new(), SENTINEL);
}
