//! What a producer with a plain Redis client may do to the queue.

use lode_queue::QueueOptions;
use redis::cmd;

use crate::support::{Bench, bury, job, lease_one, outcome, reply};

#[tokio::test]
async fn a_plain_xadd_and_blpop_are_enough() {
    let bench = Bench::redis();
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    let list = bench.key("reply:me");
    let mut add = cmd("XADD");
    add.arg(bench.key("in"))
        .arg("*")
        .arg("job")
        .arg(job("a", "j"));
    let _: String = add.query_async(&mut raw).await.unwrap();
    let leased = lease_one(&*queue).await;
    assert!(
        queue
            .settle(&leased.lease, reply("done", &list))
            .await
            .unwrap()
    );
    let ttl: i64 = cmd("PTTL").arg(&list).query_async(&mut raw).await.unwrap();
    assert!((1..=3_600_000).contains(&ttl), "{ttl}");
    let pop = cmd("BLPOP").arg(&list).arg(5).query_async(&mut raw).await;
    assert_eq!(pop, Ok((list, "done".to_owned())));
}

#[tokio::test]
async fn entries_of_any_shape_become_jobs() {
    let bench = Bench::redis();
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    let shapes: [(&[&str], &str); 3] = [
        (&["jbo", "x"], ""),
        (&["trace", "t", "job", "{}", "more", "m"], "{}"),
        (&["job", "first", "job", "second"], "first"),
    ];
    for (fields, text) in shapes {
        let mut add = cmd("XADD");
        add.arg(bench.key("in")).arg("*").arg(fields);
        let entry: String = add.query_async(&mut raw).await.unwrap();
        let leased = lease_one(&*queue).await;
        assert_eq!((leased.lease.job_id, leased.job), (entry, text.to_owned()));
    }
}

#[tokio::test]
async fn an_entry_with_an_id_of_its_own_is_taken_as_well() {
    let bench = Bench::redis();
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    for id in ["1-1", "18446744073709551614-7"] {
        let mut add = cmd("XADD");
        add.arg(bench.key("in")).arg(id).arg("job").arg("{}");
        let _: String = add.query_async(&mut raw).await.unwrap();
        assert_eq!(lease_one(&*queue).await.lease.job_id, id);
    }
}

#[tokio::test]
async fn an_entry_whose_id_is_taken_by_a_name_gets_another() {
    let bench = Bench::redis();
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    let id = "99999999999999-1";
    queue.enqueue(&job("a", id)).await.unwrap();
    let named = lease_one(&*queue).await;
    let mut add = cmd("XADD");
    add.arg(bench.key("in")).arg(id).arg("job").arg("{}");
    let _: String = add.query_async(&mut raw).await.unwrap();
    let nameless = lease_one(&*queue).await;
    assert_eq!(nameless.job, "{}");
    assert_ne!(nameless.lease.job_id, id);
    for leased in [named, nameless] {
        assert!(queue.settle(&leased.lease, outcome("1")).await.unwrap());
    }
}

#[tokio::test]
async fn bytes_that_are_not_utf8_reach_a_worker() {
    let bench = Bench::redis();
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    let texts: [&[u8]; 4] = [
        b"\xff\xfe",
        b"{\"app\":\"a\",\"id\":\"i\xff\"}",
        b"{\"app\":\"a\xc0\xaf\",\"id\":\"\xed\xa0\x80\"}",
        b"{\"app\":\"a\",\"id\":\"\xf0\x9f\x98\"}",
    ];
    for text in texts {
        let mut add = cmd("XADD");
        add.arg(bench.key("in")).arg("*").arg("job").arg(text);
        let entry: String = add.query_async(&mut raw).await.unwrap();
        let leased = lease_one(&*queue).await;
        assert_eq!(
            leased.lease.job_id, entry,
            "an id that cannot travel is not used"
        );
        assert!(leased.job.contains('\u{FFFD}'));
        assert!(queue.settle(&leased.lease, outcome("1")).await.unwrap());
    }
}

#[tokio::test]
async fn a_reply_to_of_another_type_does_not_fail_the_settle() {
    let bench = Bench::redis();
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    let list = bench.key("reply:string");
    let _: () = cmd("SET")
        .arg(&list)
        .arg("v")
        .query_async(&mut raw)
        .await
        .unwrap();
    queue.enqueue(&job("a", "j")).await.unwrap();
    let leased = lease_one(&*queue).await;
    assert!(
        queue
            .settle(&leased.lease, reply("lost?", &list))
            .await
            .unwrap()
    );
    let dead = queue.dead(None, 9).await.unwrap();
    assert_eq!(dead[0].outcome, "lost?");
    assert!(
        dead[0]
            .reason
            .ends_with("reply_to holds a string, not a list"),
        "{dead:?}"
    );
    let kept: String = cmd("GET").arg(&list).query_async(&mut raw).await.unwrap();
    assert_eq!(kept, "v");
    let error = queue
        .await_reply(&list, std::time::Duration::ZERO)
        .await
        .unwrap_err();
    assert!(!error.is_transient(), "{error}");
}

#[tokio::test]
async fn nothing_is_left_behind_by_settled_jobs() {
    let bench = Bench::redis();
    let mut raw = bench.raw().await;
    // Results are kept for their time; here they would only be in the way.
    let queue = bench
        .open_with(QueueOptions {
            result_ttl: std::time::Duration::ZERO,
            ..Default::default()
        })
        .await;
    let extras = r#""dedupe_key":"k","deadline_ms":60000,"reply_to":"joined","hook":"h""#;
    for n in 0..50 {
        let (app, id) = (format!("app{n}"), format!("j{n}"));
        for _ in 0..2 {
            let text = crate::support::job_with(&app, &id, extras);
            queue.enqueue(&text).await.unwrap();
        }
    }
    for _ in 0..50 {
        let leased = lease_one(&*queue).await;
        assert!(queue.settle(&leased.lease, outcome("1")).await.unwrap());
    }
    // Two more jobs of one app move the virtual time past all the others.
    for id in ["last", "very last"] {
        queue.enqueue(&job("last", id)).await.unwrap();
    }
    for leased in [lease_one(&*queue).await, lease_one(&*queue).await] {
        assert!(queue.settle(&leased.lease, outcome("1")).await.unwrap());
    }
    let pattern = format!("lode:{{{}}}:*", bench.name);
    let mut keys: Vec<String> = cmd("KEYS")
        .arg(pattern)
        .query_async(&mut raw)
        .await
        .unwrap();
    keys.sort();
    let expected = ["in", "about", "meta", "vt", "wake"].map(|key| bench.key(key));
    assert!(keys.iter().all(|key| expected.contains(key)), "{keys:?}");
    let ahead: usize = cmd("ZCARD")
        .arg(bench.key("vt"))
        .query_async(&mut raw)
        .await
        .unwrap();
    assert_eq!(ahead, 1, "only the last app is ahead");
}

#[tokio::test]
async fn a_blocked_wait_does_not_hold_up_other_commands() {
    let bench = Bench::redis();
    let queue = bench.open().await;
    assert!(queue.lease("w", 1, &[]).await.unwrap().is_empty());
    let waiting = queue.wait(std::time::Duration::from_secs(600));
    let working = async {
        for _ in 0..20 {
            queue.ping().await.unwrap();
        }
        queue.enqueue(&job("a", "j")).await.unwrap();
    };
    let both = async { tokio::join!(waiting, working) };
    crate::support::within("both end", both).await.0.unwrap();
}

#[tokio::test]
async fn a_dead_list_that_is_too_large_loses_its_oldest() {
    let bench = Bench::redis();
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    bury(&*queue, "old").await;
    let mut pretend = cmd("HINCRBY");
    pretend
        .arg(bench.key("about"))
        .arg("dead_bytes")
        .arg(256 << 20);
    let _: u64 = pretend.query_async(&mut raw).await.unwrap();
    bury(&*queue, "new").await;
    let dead = queue.dead(None, 9).await.unwrap();
    assert_eq!((dead.len(), dead[0].id.as_str()), (1, "new"));
    let mut left = cmd("HINCRBY");
    left.arg(bench.key("about"))
        .arg("dead_bytes")
        .arg(-(256 << 20));
    let left: i64 = left.query_async(&mut raw).await.unwrap();
    assert!(
        (1..100).contains(&left),
        "{left} bytes are counted for one small entry"
    );
}
