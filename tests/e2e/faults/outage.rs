//! Redis is away for longer than leases last and than silence counts as life: it costs no worker
//! its running jobs, each worker says what it waits for, and goes on by itself.
//!
//! `LODE_FAULT_AWAY` is the seconds that Redis is away, 4 unless told.

use nix::sys::signal::Signal;
use serde_json::json;

use super::clock::Clock;
use super::{number, seconds_us};
use crate::support::proxy::{Network, Proxy};
use crate::support::redis_set::RedisSet;
use crate::support::{Place, Producer, Worker, endpoint, eventually};

/// Both shorter than Redis is away.
const SETTINGS: &[&str] = &["QUEUE_LEASE_MS=3000", "QUEUE_WORKER_TIMEOUT_MS=3000"];
const AWAY_S: u64 = 4;
const WORKERS: usize = 2;
/// Jobs that run meanwhile: some at each worker.
const JOBS: usize = 6;
const WAITS: &str = "the queue does not answer; waiting for it";
const RESUMES: &str = "the queue answers again";

/// Workers that reach their Redis by proxies, with jobs that may not run twice under way.
struct Outage {
    set: RedisSet,
    proxies: Vec<Proxy>,
    workers: Vec<Worker>,
    producer: Producer,
    away_s: u64,
    _place: Place,
}

impl Outage {
    fn new() -> Self {
        let mut place = Place::sqlite();
        place.app("a", &[]);
        place.endpoints("a", &["sleeps", "echo"]);
        let set = RedisSet::standalone(&place.path(""));
        let direct = format!("redis://127.0.0.1:{}", set.nodes[0].port);
        place.redis_url = Some(direct);
        let proxies: Vec<Proxy> = (0..WORKERS)
            .map(|_| Proxy::start(set.nodes[0].port))
            .collect();
        let mut start = |proxy: &Proxy| {
            place.queue = format!("redis://{}?queue={}", proxy.address(), place.name);
            Worker::start(&place, SETTINGS)
        };
        let workers: Vec<Worker> = proxies.iter().map(&mut start).collect();
        let mut producer = Producer::new(&place, "p");
        let away_s = number("AWAY", AWAY_S);
        for name in 0..JOBS {
            // They end while Redis is away, and after it has come back.
            let ms = away_s * 500 + 700 * u64::try_from(name).unwrap();
            let name = format!("j{name}");
            let mut job = endpoint("sleeps", json!({"name": name, "ms": ms}));
            job["id"] = json!(name);
            job["timeout_ms"] = json!(600_000);
            producer.push(job);
        }
        let outage = Self {
            set,
            proxies,
            workers,
            producer,
            away_s,
            _place: place,
        };
        eventually("all jobs have started", || {
            (outage.count("started j") == JOBS).then_some(())
        });
        outage
    }

    /// Lines of the workers' logs with a text.
    fn count(&self, text: &str) -> usize {
        let logs = self.workers.iter().map(Worker::log);
        logs.map(|log| log.lines().filter(|line| line.contains(text)).count())
            .sum()
    }

    /// Waits until Redis has been away for long enough.
    fn stay_away(&self) {
        let clock = Clock::start();
        eventually("the outage lasts", || {
            (clock.now_us() >= seconds_us(self.away_s)).then_some(())
        });
    }

    /// Every job that ran has run through, once, and the workers take new ones.
    fn check_jobs(&mut self) {
        let mut ended: Vec<(String, String)> = (0..JOBS)
            .map(|_| self.producer.next())
            .map(|outcome| (outcome.id.clone(), outcome.tag.to_string()))
            .collect();
        ended.sort();
        let expected: Vec<(String, String)> = (0..JOBS)
            .map(|name| (format!("j{name}"), "completed".to_owned()))
            .collect();
        assert_eq!(ended, expected);
        assert_eq!(self.count("started j"), JOBS, "none ran twice");
        let outcome = self.producer.ask(endpoint("echo", json!(1)));
        assert_eq!(outcome.tag.as_str(), "completed");
        assert_eq!(self.producer.waiting(), 0, "none was answered twice");
    }

    /// The same, and each worker has said what it waited for.
    fn check(mut self) {
        self.check_jobs();
        for worker in &self.workers {
            worker.await_log(RESUMES);
            assert!(worker.has_logged(WAITS), "it said what it waits for");
        }
    }
}

fn through_proxies(network: Network) {
    let outage = Outage::new();
    outage.proxies.iter().for_each(|proxy| proxy.set(network));
    outage.stay_away();
    outage
        .proxies
        .iter()
        .for_each(|proxy| proxy.set(Network::Open));
    outage.check();
}

#[test]
fn a_network_that_is_cut_for_a_while_costs_no_running_job() {
    through_proxies(Network::Cut);
}

#[test]
fn a_network_that_is_silent_for_a_while_costs_no_running_job() {
    through_proxies(Network::Stalled);
}

/// Others of the fleet are fine, so nobody waits for this one: it must be soon itself.
#[test]
fn a_connection_that_falls_silent_costs_its_worker_no_running_job() {
    let mut outage = Outage::new();
    outage.proxies[0].forget();
    outage.check_jobs();
}

#[test]
fn a_redis_that_stands_still_for_a_while_costs_no_running_job() {
    let outage = Outage::new();
    outage.set.nodes[0].signal(Signal::SIGSTOP);
    outage.stay_away();
    outage.set.nodes[0].signal(Signal::SIGCONT);
    outage.check();
}

#[test]
fn a_redis_that_is_down_for_a_while_costs_no_running_job() {
    let mut outage = Outage::new();
    outage.set.nodes[0].kill();
    outage.stay_away();
    outage.set.nodes[0].start();
    // The producer is no part of this: one that reconnects, as any client does.
    outage.producer = eventually("Redis serves again", || {
        outage.set.nodes[0].connect().ok()?;
        Some(Producer::new(&outage._place, "p"))
    });
    outage.check();
}
