//! `lode queue`: what an admin sees of a queue and does to it, on Redis and on SQLite alike.

use serde_json::{Value, json};

use crate::support::{Place, Worker};

/// Both kinds of queue, each with an app that has these hooks.
fn places(hooks: &[&str]) -> [Place; 2] {
    let places = [Place::redis(), Place::sqlite()];
    for place in &places {
        place.app("a", &[]);
        place.endpoints("a", hooks);
    }
    places
}

/// `lode queue …` as a program has it: its exit code and its JSON.
#[track_caller]
fn queue(place: &Place, args: &[&str]) -> (Option<i32>, Value) {
    let tail = ["--json", "--queue", &place.queue];
    let ran = place.lode(["queue"].iter().chain(args).chain(&tail));
    let value = serde_json::from_str(&ran.stdout);
    (
        ran.code,
        value.unwrap_or_else(|error| panic!("{error}: {ran:?}")),
    )
}

/// The JSON of a command that succeeds.
#[track_caller]
fn show(place: &Place, args: &[&str]) -> Value {
    let (code, value) = queue(place, args);
    assert_eq!(code, Some(0), "{value}");
    value
}

#[track_caller]
fn enqueue(place: &Place, args: &[&str]) -> String {
    let head = ["enqueue", "a"];
    let ran = place.lode(head.iter().chain(args).chain(&["--queue", &place.queue]));
    ran.good().trim().to_owned()
}

#[test]
fn what_waits_is_counted_and_shown_in_its_order() {
    for place in places(&["echo"]) {
        enqueue(
            &place,
            &["endpoint:echo", "--id", "low", "--priority", "-1"],
        );
        enqueue(
            &place,
            &["endpoint:echo", "--id", "high", "--priority", "9"],
        );
        enqueue(&place, &["endpoint:echo", "--id", "later", "--delay", "1h"]);
        // A worker of whatever kind has to look in once; the admin's `cancel` does.
        assert_eq!(queue(&place, &["cancel", "nobody"]).0, Some(1));
        let stats = show(&place, &["stats"]);
        assert_eq!(
            (&stats["queued"], &stats["delayed"], &stats["leased"]),
            (&json!(2), &json!(1), &json!(0)),
            "{stats}"
        );
        assert_eq!(stats["apps"][0]["app"], "a");
        let waiting = show(&place, &["peek"]);
        let ids: Vec<&Value> = waiting
            .as_array()
            .unwrap()
            .iter()
            .map(|job| &job["id"])
            .collect();
        assert_eq!(ids, ["high", "low", "later"]);
        assert_eq!(waiting[2]["state"], "delayed");
        let job = show(&place, &["inspect", "high"]);
        assert_eq!(
            (&job["hook"], &job["priority"]),
            (&json!("endpoint:echo"), &json!(9))
        );
        assert!(job["job"].as_str().unwrap().contains("\"high\""), "{job}");
        assert_eq!(queue(&place, &["inspect", "nobody"]).0, Some(1));
    }
}

#[test]
fn a_cancelled_job_is_answered_as_cancelled() {
    for place in places(&["echo"]) {
        enqueue(&place, &["endpoint:echo", "--id", "unwanted"]);
        let cancelled = show(&place, &["cancel", "unwanted", "--app", "a"]);
        assert_eq!(cancelled["cancelled"], "queued", "{cancelled}");
        let _worker = Worker::start(&place, &[]);
        let outcome = crate::support::eventually("its outcome is kept", || {
            let (code, outcome) = queue(&place, &["result", "a", "unwanted"]);
            (code == Some(0)).then_some(outcome)
        });
        assert_eq!(outcome["tag"], "cancelled");
    }
}

#[test]
fn a_paused_app_starts_nothing_until_it_is_resumed() {
    for place in places(&["echo"]) {
        let _worker = Worker::start(&place, &[]);
        show(&place, &["pause", "a"]);
        show(&place, &["pause", "a"]); // it is paused already, which is as good
        enqueue(&place, &["endpoint:echo", "--id", "held"]);
        // Another app's job has come and gone: the paused app's would have started.
        place.app("b", &[]);
        place.endpoints("b", &["echo"]);
        let outcome = place.ask("b", "echo", &json!(1));
        assert_eq!(outcome.tag.as_str(), "completed");
        assert_eq!(show(&place, &["inspect", "held"])["state"], "queued");
        show(&place, &["resume", "a"]);
        let outcome = crate::support::eventually("it runs", || {
            let (code, outcome) = queue(&place, &["result", "a", "held"]);
            (code == Some(0)).then_some(outcome)
        });
        assert_eq!(outcome["tag"], "completed");
    }
}

#[test]
fn a_ban_is_seen_by_every_worker_and_lifted_by_an_admin() {
    for place in places(&["echo"]) {
        let _worker = Worker::start(&place, &[]);
        show(
            &place,
            &["ban", "set", "a", "--reason", "it is late", "--for", "1h"],
        );
        let bans = show(&place, &["ban", "list"]);
        assert_eq!(
            (&bans[0]["app"], &bans[0]["reason"]),
            (&json!("a"), &json!("it is late"))
        );
        let refused = crate::support::eventually("the worker knows", || {
            let outcome = place.ask("a", "echo", &json!(1));
            (outcome.tag.as_str() == "app_suspended").then_some(outcome)
        });
        assert!(refused.error.unwrap().debug.contains("it is late"));
        show(&place, &["ban", "lift", "a"]);
        assert_eq!(
            queue(&place, &["ban", "lift", "a"]).0,
            Some(1),
            "there is none"
        );
        crate::support::eventually("the worker knows", || {
            let outcome = place.ask("a", "echo", &json!(1));
            (outcome.tag.as_str() == "completed").then_some(())
        });
    }
}

#[test]
fn a_dead_job_runs_when_what_it_lacked_is_there() {
    for place in places(&["echo"]) {
        let worker = Worker::start(&place, &[]);
        enqueue(
            &place,
            &[
                "endpoint:says_hello",
                "--id",
                "early",
                "--body",
                "{\"name\": \"Ada\"}",
            ],
        );
        worker.await_log("settled job=\"early\"");
        let dead = show(&place, &["dead", "list", "--app", "a"]);
        assert_eq!(
            (&dead[0]["id"], &dead[0]["outcome"]["tag"]),
            (&json!("early"), &json!("bad_job"))
        );
        assert!(
            dead[0]["reason"].as_str().unwrap().contains("no hook"),
            "{dead}"
        );
        place.endpoints("a", &["says_hello"]);
        assert_eq!(show(&place, &["dead", "requeue", "early"])["requeued"], 1);
        let outcome = crate::support::eventually("it runs", || {
            let (code, outcome) = queue(&place, &["result", "a", "early"]);
            (code == Some(0) && outcome["tag"] == "completed").then_some(outcome)
        });
        assert_eq!(outcome["response"]["body"]["hello"], "Ada");
        assert_eq!(show(&place, &["dead", "list"]), json!([]));
        assert_eq!(
            queue(&place, &["dead", "purge", "--all"]).0,
            Some(1),
            "nothing is left"
        );
    }
}

#[test]
fn workers_are_listed_while_they_live() {
    for place in places(&[]) {
        let mut worker = Worker::start(&place, &["WORKER_NAME=night-shift"]);
        crate::support::eventually("it is listed", || {
            let workers = show(&place, &["workers"]);
            (workers[0]["name"] == "night-shift").then_some(())
        });
        worker.terminate();
        assert_eq!(worker.exit_code(), Some(0));
        assert_eq!(
            show(&place, &["workers"]),
            json!([]),
            "it has left in order"
        );
    }
}

#[test]
fn a_file_of_jobs_goes_in_at_once_or_says_which_line_is_wrong() {
    for place in places(&["echo"]) {
        let lines = |count: usize| -> String {
            (0..count)
                .map(|n| format!("{{\"app\":\"a\",\"hook\":\"endpoint:echo\",\"id\":\"n{n}\"}}\n"))
                .collect()
        };
        let bad = format!("{}{{\"app\":\"a\"}}\nnot JSON\n", lines(2));
        let bad = place.write("bad.ndjson", &bad);
        let bulk = |path: &std::path::Path| {
            let path = path.to_str().unwrap().to_owned();
            place.lode(["enqueue", "--bulk", &path, "--queue", &place.queue])
        };
        let complaint = bulk(&bad).bad(2);
        assert!(
            complaint.contains("line 3") && complaint.contains("line 4"),
            "{complaint}"
        );
        let good = place.write("good.ndjson", &lines(1_500));
        assert_eq!(bulk(&good).good().lines().count(), 1_500);
        let worker = Worker::start(&place, &["QUEUE_APP_MAX_CONCURRENT=-1"]);
        worker.await_log("settled job=\"n1499\"");
        crate::support::eventually("all are settled", || {
            (show(&place, &["stats"])["settled"] == 1_500).then_some(())
        });
    }
}

#[test]
fn a_queue_that_cannot_be_reached_is_named() {
    let place = Place::sqlite();
    let ran = place.lode(["queue", "stats", "--queue", "redis://127.0.0.1:1"]);
    let complaint = ran.bad(1);
    assert!(complaint.contains("127.0.0.1:1"), "{complaint}");
}
