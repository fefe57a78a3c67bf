//! What admission on Redis holds against large jobs, odd entries and long lists.

use lode_queue::{AppQuota, Queue, Rate};
use redis::aio::MultiplexedConnection;
use redis::cmd;

use crate::support::{Bench, HOUR_MS, finish, job, job_with, lease, lease_one, tend, uncapped};

/// The largest id that an entry can have.
const LAST_ID: &str = "18446744073709551615-18446744073709551615";

#[tokio::test]
async fn one_call_admits_about_a_megabyte() {
    let bench = Bench::redis();
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    let pad = format!(r#""pad":"{}""#, "x".repeat(300 << 10));
    let jobs: Vec<String> = (0..40)
        .map(|n| job_with(&format!("a{n}"), &format!("j{n}"), &pad))
        .collect();
    queue.enqueue_many(&jobs).await.unwrap();
    queue.tend("w").await.unwrap();
    let left = queue.stats().await.unwrap().inbox;
    assert!((34..40).contains(&left), "{left} of 40 are left");
    // Bytes that are not the job's count as well.
    let mut trim = cmd("DEL");
    let _: u32 = trim
        .arg(bench.key("in"))
        .query_async(&mut raw)
        .await
        .unwrap();
    for n in 0..40 {
        let mut add = cmd("XADD");
        add.arg(bench.key("in")).arg("*").arg("other").arg(&pad);
        add.arg("job").arg(job("b", &format!("b{n}")));
        let _: String = add.query_async(&mut raw).await.unwrap();
    }
    queue.tend("w").await.unwrap();
    let left = queue.stats().await.unwrap().inbox;
    assert!((34..40).contains(&left), "{left} of 40 are left");
}

#[tokio::test]
async fn an_entry_with_the_largest_id_closes_the_inbox_only_until_it_is_admitted() {
    let bench = Bench::redis();
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    // Alone, and behind a backlog in which it is looked at out of turn.
    for backlog in [0, 2_000] {
        let jobs: Vec<String> = (0..backlog)
            .map(|n| job("flood", &format!("f{n}")))
            .collect();
        queue.enqueue_many(&jobs).await.unwrap();
        let late = format!(r#""deadline_ms":{HOUR_MS}"#);
        let text = job_with("a", &format!("far{backlog}"), &late);
        add_as(&mut raw, &bench, LAST_ID, &text).await;
        assert!(queue.enqueue(&job("a", "b")).await.is_err(), "until then");
        tend(&*queue).await;
        for n in 0..3 {
            let id = format!("after{backlog}-{n}");
            queue.enqueue(&job("a", &id)).await.unwrap();
            tend(&*queue).await;
        }
        let views = queue.peek(Some("a"), 9).await.unwrap();
        assert_eq!(views.len(), 4);
        let far = &views[0];
        assert_eq!(
            far.id,
            format!("far{backlog}"),
            "it came now, before others"
        );
        assert!(far.age_ms < 60_000);
        for _ in 0..4 {
            let passing = ["flood".to_owned()];
            let leased = queue.lease("w", 1, &passing).await.unwrap().remove(0);
            finish(&*queue, &leased).await;
        }
    }
    // It may be a job that comes twice, or no job.
    queue.enqueue(&job("a", "twice")).await.unwrap();
    add_as(&mut raw, &bench, LAST_ID, &job("a", "twice")).await;
    tend(&*queue).await;
    assert_eq!(queue.stats().await.unwrap().duplicates, 1);
    let mut add = cmd("XADD");
    add.arg(bench.key("in"))
        .arg(LAST_ID)
        .arg(&["cancel", "twice"]);
    let _: String = add.query_async(&mut raw).await.unwrap();
    tend(&*queue).await;
    assert_eq!(queue.stats().await.unwrap().cancelled, 1);
    // Numbers ahead of the clock by less are nothing special.
    let [seconds, _]: [u64; 2] = cmd("TIME").query_async(&mut raw).await.unwrap();
    let soon = format!("{}-7", (seconds + 30) * 1_000);
    add_as(&mut raw, &bench, &soon, &job("a", "soon")).await;
    tend(&*queue).await;
    let next = queue.enqueue(&job("a", "next")).await.unwrap();
    assert_eq!(next, format!("{}-8", (seconds + 30) * 1_000));
}

#[tokio::test]
async fn quotas_that_stay_cost_one_comparison_and_lost_ones_are_set_again() {
    // What its commands have cost is a server's, not a queue's.
    let bench = Bench::private_redis(&[]);
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    let mut quotas: Vec<(String, AppQuota)> =
        (0..1_000).map(|n| (format!("app{n}"), cap(n))).collect();
    queue.set_quotas(&quotas).await.unwrap();
    let unchanged = commands_of(&mut raw, &*queue, &quotas).await;
    assert!(unchanged < 10, "{unchanged} commands");
    (quotas[7].1, quotas[500]) = (cap(3), ("other".to_owned(), cap(0)));
    let changed = commands_of(&mut raw, &*queue, &quotas).await;
    assert!((4..60).contains(&changed), "{changed} commands");
    assert_eq!(limit_of(&mut raw, &bench, "app7").await, r#"{"cap":3}"#);
    assert_eq!(limit_of(&mut raw, &bench, "app500").await, "");
    assert_eq!(limit_of(&mut raw, &bench, "other").await, r#"{"cap":0}"#);
    let _: String = cmd("FLUSHALL").query_async(&mut raw).await.unwrap();
    queue.set_quotas(&quotas).await.unwrap();
    assert_eq!(limit_of(&mut raw, &bench, "app999").await, r#"{"cap":999}"#);
}

#[tokio::test]
async fn one_call_puts_a_bounded_number_of_jobs_in_lanes() {
    let bench = Bench::redis();
    let (queue, mut raw) = (bench.open_with(uncapped()).await, bench.raw().await);
    let mut quotas = Vec::new();
    for app in ["a", "b", "c"] {
        let jobs: Vec<String> = (0..250)
            .map(|n| job_with(app, &format!("{app}{n}"), r#""hook":"slow""#))
            .chain([job(app, &format!("{app}-free"))])
            .collect();
        queue.enqueue_many(&jobs).await.unwrap();
        let rate = Rate {
            jobs: 1,
            per: std::time::Duration::from_millis(HOUR_MS),
        };
        let quota = AppQuota {
            hook_rates: vec![("slow".to_owned(), rate)],
            ..Default::default()
        };
        quotas.push((app.to_owned(), quota));
    }
    tend(&*queue).await;
    queue.set_quotas(&quotas).await.unwrap();
    let mut came = lease(&*queue, 9).await.len();
    let mut moved = 0;
    for app in ["a", "b", "c"] {
        let key = bench.key(&format!("lane:1:{app}slow"));
        let some: usize = cmd("ZCARD").arg(key).query_async(&mut raw).await.unwrap();
        moved += some;
    }
    assert!(moved <= 200, "{moved} were moved by one call");
    // The next calls go on, and nobody waits for anything else to happen in between.
    while came < 6 {
        lease_one(&*queue).await;
        came += 1;
    }
    assert!(lease(&*queue, 9).await.is_empty());
}

fn cap(max: i64) -> AppQuota {
    AppQuota {
        max_concurrent: Some(max),
        ..Default::default()
    }
}

/// Adds an entry under an id of the producer's choice.
async fn add_as(raw: &mut MultiplexedConnection, bench: &Bench, id: &str, text: &str) {
    let mut add = cmd("XADD");
    add.arg(bench.key("in")).arg(id).arg("job").arg(text);
    let _: String = add.query_async(raw).await.unwrap();
}

/// How many commands the server has run for setting these quotas.
async fn commands_of(
    raw: &mut MultiplexedConnection,
    queue: &dyn Queue,
    quotas: &[(String, AppQuota)],
) -> u64 {
    let mut reset = cmd("CONFIG");
    let _: String = reset.arg("RESETSTAT").query_async(raw).await.unwrap();
    queue.set_quotas(quotas).await.unwrap();
    let mut info = cmd("INFO");
    let text: String = info.arg("commandstats").query_async(raw).await.unwrap();
    let calls = text.split(":calls=").skip(1);
    calls
        .map(|call| call.split(',').next().unwrap().parse::<u64>().unwrap())
        .sum()
}

/// An app's quota as the queue keeps it; empty when it has none.
async fn limit_of(raw: &mut MultiplexedConnection, bench: &Bench, app: &str) -> String {
    let mut get = cmd("HGET");
    let found: Option<String> = get
        .arg(bench.key("limits"))
        .arg(app)
        .query_async(raw)
        .await
        .unwrap();
    found.unwrap_or_default()
}
