//! What a reviewer with a pager was afraid of: a worker that stands still, hoards, or kills too soon.

use std::process::Stdio;

use serde_json::json;

use crate::support::{Place, Producer, Worker, endpoint, eventually, lode, script};

/// Writes about 32 MB of log, far more than a pipe takes.
const FLOOD: &str =
    "const line = 'x'.repeat(32000); for (let i = 0; i < 1000; i++) console.log(line); complete();";

#[test]
fn a_worker_whose_log_nobody_takes_goes_on() {
    let place = Place::redis();
    place.app("a", &[]);
    place.app("b", &[]);
    place.endpoints("a", &["echo"]);
    let mut worker = lode()
        .args(["serve", "--queue", &place.queue, "--store", &place.store])
        .env("LODE_JOBS_ALLOW_INLINE_SCRIPT", "true")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut producer = Producer::new(&place, "p");
    for _ in 0..2 {
        let flood = producer.ask(script("b", FLOOD, json!({})));
        assert_eq!(flood.tag.as_str(), "completed", "{flood:?}");
    }
    let outcome = producer.ask(endpoint("echo", json!("still there")));
    assert_eq!(outcome.tag.as_str(), "completed");
    worker.kill().unwrap();
    worker.wait().unwrap();
}

/// The child counts its waits exactly; the master once added up small differences of many calls.
#[test]
fn many_small_host_calls_do_not_bring_the_hard_deadline_forward() {
    let script =
        "(async () => { for (let i = 0; i < 9900; i++) await db.count('books'); complete(); })();";
    let outcome = Place::sqlite().run_script(script, &["--wall-limit", "700ms"]);
    let killed = outcome
        .error
        .is_some_and(|error| error.debug.contains("process was killed"));
    assert!(!killed, "{:?}", outcome.timings);
}

/// An app with more jobs than it may run in one worker leaves them to others.
#[test]
fn a_worker_does_not_hoard_jobs_that_it_may_not_start() {
    const JOBS: usize = 60;
    let place = Place::redis();
    place.app("a", &["--max-concurrent", "-1"]);
    place.endpoints("a", &["sleeps"]);
    let mut producer = Producer::new(&place, "p");
    for n in 0..JOBS {
        producer.push(endpoint(
            "sleeps",
            json!({"name": format!("j{n}"), "ms": 30}),
        ));
    }
    let settings = ["POOL_MAX_CHILDREN=2", "POOL_WARM=2", "POOL_APP_SHARE=1"];
    let _worker = Worker::start(&place, &settings);
    let leases = format!("lode:{{{}}}:leases", place.name);
    let mut most = 0;
    eventually("every job is answered", || {
        let held: usize = redis::cmd("ZCARD")
            .arg(&leases)
            .query(&mut producer.connection)
            .unwrap();
        most = most.max(held);
        (producer.waiting() == JOBS).then_some(())
    });
    // One that runs, a waiting room of two, four on their way back, and one batch in between.
    assert!(most < 12, "{most} leases of {JOBS} jobs at one time");
}
