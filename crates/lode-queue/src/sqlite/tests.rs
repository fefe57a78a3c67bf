//! Steps on a clock of the test's own: what the conformance suite cannot show without waiting.

use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use super::apps::{Step, ready};
use super::dead::Walk;
use super::lease::Taker;
use super::schema;
use crate::fields::Fields;
use crate::open::QueueOptions;
use crate::values::{
    AppQuota, Cancelled, DeadPick, LeaseRef, Leased, Rate, Settle, Tended, Unrunnable,
};

/// A file, and the clock in seconds.
struct Clocked {
    _dir: TempDir,
    db: Connection,
    options: QueueOptions,
    now_s: i64,
}

impl Clocked {
    fn new(options: QueueOptions) -> Self {
        let dir = TempDir::new().unwrap();
        let db = schema::open(&dir.path().join("queue.db")).unwrap();
        // Nobody else looks, so that nothing has to reach the disk.
        db.execute_batch("BEGIN").unwrap();
        // No lease expires while a test moves the clock.
        let lease = Duration::from_secs(1_000_000);
        Self {
            _dir: dir,
            db,
            options: QueueOptions { lease, ..options },
            now_s: 1_000,
        }
    }

    fn step(&self) -> Step<'_> {
        Step {
            db: &self.db,
            queue: "q",
            options: &self.options,
            now_us: self.now_s * 1_000_000,
        }
    }

    fn enqueue(&self, job: &str) {
        self.step().admit(job, &Fields::read(job)).unwrap();
    }

    fn lease(&self, max: usize) -> Vec<Leased> {
        let stem = format!("t{}", self.step().count("test", 1).unwrap());
        self.step().lease(&taker("w", stem), max, &[]).unwrap()
    }

    fn ids(&self, max: usize) -> Vec<String> {
        let jobs = self.lease(max);
        jobs.into_iter().map(|job| job.lease.job_id).collect()
    }

    fn tend(&self, holder: &str) -> Tended {
        let stem = format!("t{}", self.step().count("test", 1).unwrap());
        self.step().tend(&taker(holder, stem)).unwrap()
    }

    fn settle(&self, lease: &LeaseRef) {
        assert!(self.step().settle(lease, &Settle::default()).unwrap());
    }

    fn ready(&self) -> bool {
        ready(&self.step(), "w", &[]).unwrap()
    }
}

fn taker(holder: &str, stem: String) -> Taker {
    Taker {
        worker: "w".to_owned(),
        holder: holder.to_owned(),
        stem,
    }
}

fn rate(jobs: u32, seconds: u64) -> Rate {
    let per = Duration::from_secs(seconds);
    Rate { jobs, per }
}

#[test]
fn an_entry_whose_id_is_taken_by_a_name_gets_another() {
    let queue = Clocked::new(QueueOptions::default());
    queue.enqueue(r#"{"id":"1000000-2"}"#);
    queue.enqueue("{}");
    assert_eq!(queue.ids(9), ["1000000-2", "1000000-2~2"]);
}

#[test]
fn a_rate_gives_its_burst_and_then_one_at_a_time() {
    let mut queue = Clocked::new(QueueOptions {
        default_app_cap: -1,
        ..QueueOptions::default()
    });
    let quota = AppQuota {
        rate: Some(rate(3, 30)),
        ..AppQuota::default()
    };
    let quotas = [("a".to_owned(), quota)];
    queue.step().set_quotas(&quotas).unwrap();
    for _ in 0..20 {
        queue.enqueue(r#"{"app":"a"}"#);
    }
    let mut starts = Vec::new();
    for _ in 0..100 {
        starts.extend(queue.lease(9).iter().map(|_| queue.now_s - 1_000));
        queue.now_s += 1;
    }
    assert_eq!(starts, [0, 0, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
    // Rest gives the burst back, and no more.
    queue.now_s += 1_000;
    assert!(queue.ready());
    let burst = queue.lease(9);
    assert_eq!(burst.len(), 3);
    assert!(!queue.ready());
    // A job that did not start has not used the rate.
    assert!(queue.step().release(&burst[0].lease).unwrap());
    assert_eq!(queue.lease(9).len(), 1);
    assert!(queue.lease(9).is_empty());
}

#[test]
fn an_app_whose_hooks_are_all_at_their_rates_wakes_at_the_first_instant() {
    let mut queue = Clocked::new(QueueOptions::default());
    let hook_rates = vec![("x".to_owned(), rate(1, 50)), ("y".to_owned(), rate(1, 20))];
    let quota = AppQuota {
        hook_rates,
        ..AppQuota::default()
    };
    let quotas = [("a".to_owned(), quota)];
    queue.step().set_quotas(&quotas).unwrap();
    for (id, hook) in [("x1", "x"), ("y1", "y"), ("x2", "x"), ("y2", "y")] {
        queue.enqueue(&format!(r#"{{"app":"a","id":"{id}","hook":"{hook}"}}"#));
    }
    assert_eq!(queue.ids(9), ["x1", "y1"]);
    for (seconds, id) in [(20, "y2"), (30, "x2")] {
        queue.now_s += seconds - 1;
        assert!(!queue.ready() && queue.ids(9).is_empty());
        queue.now_s += 1;
        assert!(queue.ready());
        assert_eq!(queue.ids(9), [id]);
    }
}

#[test]
fn a_deadline_counts_until_the_first_start_only() {
    let mut queue = Clocked::new(QueueOptions::default());
    let fields = r#""app":"a","deadline_ms":60000,"idempotent":true"#;
    for id in ["released", "retried"] {
        queue.enqueue(&format!(r#"{{"id":"{id}",{fields}}}"#));
    }
    let jobs = queue.lease(9);
    queue.now_s += 59;
    let retried = &jobs[1].lease;
    assert!(queue.step().retry(retried, Duration::from_secs(5)).unwrap());
    assert!(queue.step().release(&jobs[0].lease).unwrap());
    queue.now_s += 1;
    assert!(queue.ready());
    let late = queue.lease(9);
    assert_eq!(late.len(), 1);
    assert_eq!(late[0].unrunnable, Some(Unrunnable::Expired));
    queue.now_s += 4;
    let again = queue.lease(9);
    assert_eq!((again[0].attempts, &again[0].unrunnable), (2, &None));
}

#[test]
fn results_and_keys_are_kept_for_their_time() {
    let mut queue = Clocked::new(QueueOptions {
        result_ttl: Duration::from_secs(60),
        ..QueueOptions::default()
    });
    let first = r#"{"app":"a","id":"j","dedupe_key":"k","dedupe_ttl_ms":90000}"#;
    let by_key = r#"{"app":"a","id":"l","dedupe_key":"k"}"#;
    let by_id = r#"{"app":"a","id":"j"}"#;
    queue.enqueue(first);
    queue.settle(&queue.lease(9)[0].lease);
    queue.now_s += 59;
    queue.enqueue(by_id);
    queue.enqueue(by_key);
    assert!(queue.lease(9).is_empty());
    queue.now_s += 1;
    queue.enqueue(by_key);
    assert!(queue.lease(9).is_empty());
    queue.enqueue(by_id);
    queue.settle(&queue.lease(9)[0].lease);
    queue.now_s += 30;
    queue.enqueue(by_key);
    assert_eq!(queue.ids(9), ["l"]);
    assert_eq!(queue.step().stats().unwrap().duplicates, 3);
}

#[test]
fn a_dead_job_without_room_stays_dead() {
    let queue = Clocked::new(QueueOptions {
        app_queue_max: 1,
        ..QueueOptions::default()
    });
    queue.enqueue(r#"{"app":"a","id":"dead"}"#);
    let dead = Settle {
        dead: Some("test".to_owned()),
        ..Settle::default()
    };
    let leased = queue.lease(1).remove(0);
    assert!(queue.step().settle(&leased.lease, &dead).unwrap());
    queue.enqueue(r#"{"app":"a","id":"live"}"#);
    let mut walk = Walk::new(queue.step().newest_dead().unwrap()).next_step();
    let requeued = queue.step().requeue_dead(&DeadPick::All, &mut walk);
    assert_eq!((requeued.unwrap(), walk.is_over), (0, true));
    assert_eq!(queue.ids(9), ["live"], "nothing was refused for it");
    assert_eq!(queue.step().stats().unwrap().dead, 1);
}

/// Workers that tend every second, and a job of each.
fn tended_by(workers: &[&str]) -> Clocked {
    let mut queue = Clocked::new(QueueOptions::default());
    for _ in 0..2 {
        for worker in workers {
            queue.tend(worker);
        }
        queue.now_s += 1;
    }
    for worker in workers {
        queue.enqueue(&format!(r#"{{"app":"{worker}","id":"{worker}"}}"#));
        let taker = taker(worker, format!("of {worker}"));
        assert_eq!(queue.step().lease(&taker, 1, &[]).unwrap().len(), 1);
    }
    queue
}

#[test]
fn nobody_is_lost_when_the_queue_was_out_of_reach() {
    for outage_s in [4, 10, 1_000] {
        let mut queue = tended_by(&["one", "two"]);
        queue.now_s += outage_s;
        for _ in 0..10 {
            queue.now_s += 1;
            assert!(queue.tend("one").unrunnable.is_empty(), "{outage_s}");
        }
        // Who does not come back within the grace is lost.
        queue.now_s += 1;
        queue.tend("two");
        let told = (0..30).find_map(|_| {
            queue.now_s += 1;
            queue.tend("one").unrunnable.pop()
        });
        let told = told.unwrap();
        assert_eq!(told.unrunnable, Some(Unrunnable::WorkerLost));
        assert_eq!(told.lease.job_id, "two", "{outage_s}");
    }
}

#[test]
fn a_second_outage_is_forgiven_as_the_first_was() {
    let mut queue = tended_by(&["one", "two"]);
    for _ in 0..5 {
        queue.now_s += 8;
        for _ in 0..3 {
            for worker in ["one", "two"] {
                assert!(queue.tend(worker).unrunnable.is_empty());
            }
            queue.now_s += 1;
        }
    }
}

#[test]
fn who_looks_in_seldom_takes_back_what_was_lost() {
    let mut queue = tended_by(&["lost"]);
    let came_back = (0..10).position(|_| {
        queue.now_s += 10;
        !queue.tend("seldom").unrunnable.is_empty()
    });
    assert_eq!(came_back, Some(2), "after a grace of 15 s");
}

#[test]
fn a_lease_that_expired_in_an_outage_may_be_extended_after_it() {
    let mut queue = Clocked::new(QueueOptions::default());
    queue.options.lease = Duration::from_secs(15);
    queue.tend("w");
    queue.enqueue(r#"{"app":"a","id":"j"}"#);
    let held = queue.lease(1);
    queue.now_s += 60;
    assert!(!queue.ready() || queue.lease(1).is_empty());
    queue.tend("peer");
    assert!(!queue.ready(), "nothing spins on an expired lease");
    assert!(queue.step().extend(&held[0].lease).unwrap());
    queue.settle(&held[0].lease);
}

#[test]
fn a_clock_that_was_set_back_holds_nothing_up() {
    let mut queue = Clocked::new(QueueOptions::default());
    queue.options.lease = Duration::from_secs(15);
    queue.now_s = 1_000_000;
    for worker in ["lost", "one"] {
        queue.tend(worker);
    }
    queue.enqueue(r#"{"app":"a","id":"j"}"#);
    let lost = taker("lost", "of lost".to_owned());
    assert_eq!(queue.step().lease(&lost, 1, &[]).unwrap().len(), 1);
    queue.now_s += 10;
    queue.tend("one"); // and a grace begins
    queue.now_s = 1_000;
    let told = (0..20).find_map(|_| {
        queue.now_s += 1;
        queue.tend("one").unrunnable.pop()
    });
    assert_eq!(told.unwrap().lease.job_id, "j");
    assert!(queue.now_s < 1_010, "{}", queue.now_s);
}

#[test]
fn an_id_that_two_others_squat_on_runs_once() {
    let queue = Clocked::new(QueueOptions::default());
    for (app, id) in [("x", "a"), ("x", "a~b"), ("b", "a"), ("b", "a")] {
        queue.enqueue(&format!(r#"{{"app":"{app}","id":"{id}","reply_to":"l"}}"#));
    }
    let ids = queue.ids(9);
    assert_eq!(ids.len(), 3, "{ids:?}");
    assert_eq!(queue.step().stats().unwrap().duplicates, 1);
    let cancelled = queue.step().cancel("a", Some("b")).unwrap();
    assert_eq!(cancelled, Cancelled::Running);
}

#[test]
fn a_job_that_lives_under_a_name_is_not_the_one_of_that_id() {
    let queue = Clocked::new(QueueOptions::default());
    // The second lives under `a~b`; the third, of that id, is another job.
    for (app, id) in [("x", "a"), ("b", "a"), ("b", "a~b")] {
        queue.enqueue(&format!(r#"{{"app":"{app}","id":"{id}","reply_to":"l"}}"#));
    }
    assert_eq!(queue.step().stats().unwrap().duplicates, 0);
    let cancel = |id: &str| queue.step().cancel(id, Some("b")).unwrap();
    assert_eq!(cancel("a~b"), Cancelled::Queued);
    assert_eq!(queue.step().cancel("a~b", None), Ok(Cancelled::Queued));
    let told: Vec<_> = queue.tend("w").unrunnable;
    assert_eq!(told.len(), 2);
    assert!(told[0].job.contains(r#""a""#) && told[1].job.contains(r#""a~b""#));
    assert_eq!(queue.ids(9), ["a"]);
}

#[test]
fn a_newly_limited_hook_is_sorted_out_in_bounded_steps() {
    let queue = Clocked::new(QueueOptions {
        default_app_cap: -1,
        ..QueueOptions::default()
    });
    for app in ["a", "b"] {
        for n in 0..350 {
            queue.enqueue(&format!(r#"{{"app":"{app}","id":"{n}","hook":"x"}}"#));
        }
        queue.enqueue(&format!(
            r#"{{"app":"{app}","id":"free {app}","hook":"y"}}"#
        ));
    }
    let quota = AppQuota {
        hook_rates: vec![("x".to_owned(), rate(1, 1_000_000))],
        ..AppQuota::default()
    };
    let quotas = ["a", "b"].map(|app| (app.to_owned(), quota.clone()));
    queue.step().set_quotas(&quotas).unwrap();
    let sorted = "SELECT count(*) FROM queue_live WHERE lane = 'x'";
    let (mut started, mut before) = (Vec::new(), 0);
    while queue.ready() {
        started.extend(queue.ids(9));
        let now: i64 = queue.db.query_row(sorted, [], |row| row.get(0)).unwrap();
        assert!(now - before <= 200, "{now} after {before}");
        before = now;
    }
    assert_eq!(started.len(), 4, "{started:?}");
    for free in ["free a", "free b"] {
        assert!(started.iter().any(|id| id == free), "{started:?}");
    }
}

#[test]
fn quotas_that_have_not_changed_write_nothing() {
    let queue = Clocked::new(QueueOptions::default());
    let quota = |cap| AppQuota {
        max_concurrent: Some(cap),
        hook_rates: vec![("h".to_owned(), rate(1, 1))],
        ..AppQuota::default()
    };
    let mut quotas: Vec<_> = (0..10_000).map(|n| (format!("a{n}"), quota(1))).collect();
    let set = |quotas: &[(String, AppQuota)]| {
        let before = queue.db.total_changes();
        queue.step().set_quotas(quotas).unwrap();
        queue.db.total_changes() - before
    };
    assert!(set(&quotas) >= 20_000);
    assert_eq!(set(&quotas), 0);
    quotas[7].1 = quota(2);
    quotas.pop();
    let changed = set(&quotas);
    assert!((1..20).contains(&changed), "{changed}");
    let default = queue.options.default_app_cap;
    for (app, cap) in [("a7", 2), ("a8", 1), ("a9999", default)] {
        assert_eq!(queue.step().quota(app).unwrap().cap, cap, "{app}");
    }
}

#[test]
fn tend_says_when_time_has_brought_more_than_one_call_moves() {
    let mut queue = Clocked::new(QueueOptions {
        default_app_cap: -1,
        ..QueueOptions::default()
    });
    queue.options.lease = Duration::from_secs(15);
    queue.tend("w");
    assert!(!queue.tend("w").more);
    for n in 0..250 {
        queue.enqueue(&format!(r#"{{"app":"{n}","delay_ms":1000}}"#));
    }
    queue.now_s += 1;
    assert!(queue.tend("w").more);
    assert!(!queue.tend("w").more);
    assert_eq!(queue.lease(999).len(), 250);
    for _ in 0..14 {
        queue.now_s += 1;
        assert!(!queue.tend("w").more);
    }
    queue.now_s += 1;
    assert_eq!([0; 3].map(|_| queue.tend("w").more), [true, true, false]);
    assert_eq!(queue.step().stats().unwrap().reclaimed, 250);
}

#[test]
fn who_tends_gets_what_must_not_run_by_tending_only() {
    let queue = Clocked::new(QueueOptions::default());
    queue.tend("peer");
    queue.enqueue(r#"{"app":"a","id":"j"}"#);
    queue.step().cancel("j", None).unwrap();
    assert!(queue.ready());
    let taken = queue.tend("w").unrunnable.remove(0);
    assert!(queue.step().release(&taken.lease).unwrap());
    assert!(!queue.ready() && queue.lease(9).is_empty());
    assert_eq!(queue.tend("w").unrunnable.len(), 1);
}

#[test]
fn the_bounds_are_those_of_the_workers() {
    let mut queue = Clocked::new(QueueOptions {
        app_queue_max: 1,
        ..QueueOptions::default()
    });
    queue.tend("w");
    queue.options.app_queue_max = 9;
    for _ in 0..2 {
        queue.enqueue(r#"{"app":"a"}"#);
    }
    assert_eq!(queue.step().stats().unwrap().refused, 1);
    queue.tend("w");
    queue.enqueue(r#"{"app":"a"}"#);
    assert_eq!(queue.step().stats().unwrap().refused, 1);
}

#[test]
fn the_dead_list_is_gone_through_in_steps() {
    let queue = Clocked::new(QueueOptions::default());
    let db = &queue.db;
    let fill = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1200)
                INSERT INTO queue_dead (queue, id, app, job, reason, outcome, at_ms, bytes)
                SELECT 'q', n, 'a', '{\"app\":\"a\"}', '', '', 0, ?1 FROM n";
    for (bytes, most) in [(9, 500), (1 << 20, 4)] {
        db.execute(fill, [bytes]).unwrap();
        let mut walk = Walk::new(queue.step().newest_dead().unwrap());
        let mut count = 0;
        while !walk.is_over {
            walk = walk.next_step();
            let some = queue.step().purge_dead(&DeadPick::All, &mut walk).unwrap();
            assert!(some <= most, "{some}");
            count += some;
        }
        assert_eq!(count, 1_200);
    }
}

#[test]
fn settled_jobs_leave_nothing_behind() {
    let mut queue = Clocked::new(QueueOptions::default());
    let quota = AppQuota {
        rate: Some(rate(100, 1)),
        hook_rates: vec![("h".to_owned(), rate(100, 1))],
        ..AppQuota::default()
    };
    let quotas: Vec<_> = (0..50).map(|n| (format!("a{n}"), quota.clone())).collect();
    queue.step().set_quotas(&quotas).unwrap();
    for n in 0..50 {
        let job = format!(
            r#"{{"app":"a{n}","id":"j","hook":"h","dedupe_key":"k","reply_to":"l{n}","n":{n}}}"#
        );
        queue.enqueue(&job);
        queue.enqueue(&job);
    }
    for leased in queue.lease(99) {
        queue.settle(&leased.lease);
    }
    queue.step().bad_job("a1", "x").unwrap();
    queue.step().ban("a2", "x", Duration::from_secs(9)).unwrap();
    // One job of one app moves the virtual time past all the others.
    for _ in 0..2 {
        queue.enqueue(r#"{"app":"last"}"#);
    }
    queue.now_s += 10_000;
    for leased in queue.lease(9) {
        queue.settle(&leased.lease);
    }
    let tender = taker("w", "tend".to_owned());
    queue.step().tend(&tender).unwrap();
    queue.step().leave("w").unwrap();
    for (table, rows) in [
        ("live", 0),
        ("bodies", 0),
        ("joined", 0),
        ("dedupe", 0),
        ("results", 0),
        ("replies", 0),
        ("starts", 0),
        ("bad", 0),
        ("bans", 0),
        ("workers", 0),
        ("apps", 1),
    ] {
        let count: i64 = queue
            .db
            .query_row(&format!("SELECT count(*) FROM queue_{table}"), [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(count, rows, "{table}");
    }
}
