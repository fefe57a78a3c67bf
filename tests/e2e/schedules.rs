//! Scheduled code: each tick runs once, however many workers there are.

use serde_json::{Value, json};

use crate::support::{Place, Worker, eventually};

/// `lode schedule …` in the place's store.
#[track_caller]
fn schedule(place: &Place, args: &[&str]) -> crate::support::Ran {
    let tail = ["--store", &place.store];
    place.lode(["schedule"].iter().chain(args).chain(&tail))
}

/// How many jobs of schedules the workers have settled, and how many of them are different.
fn settled(workers: &[Worker]) -> (usize, usize) {
    let mut ids: Vec<String> = Vec::new();
    for worker in workers {
        let log = worker.log();
        let ends = log
            .lines()
            .filter_map(|line| line.split_once("settled job=\"schedule:"));
        ids.extend(ends.filter_map(|(_, rest)| Some(rest.split_once('"')?.0.to_owned())));
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    (all, ids.len())
}

#[test]
fn a_schedule_whose_time_has_come_fires_once_among_three_workers() {
    for place in [Place::redis(), Place::sqlite()] {
        place.app("a", &[]);
        place.endpoints("a", &["echo"]);
        let args = [
            "put",
            "a",
            "once",
            "--on",
            "endpoint:echo",
            "--start",
            "2026-01-01T00:00:00Z",
            "--body",
            "{\"why\": \"scheduled\"}",
        ];
        schedule(&place, &args).good();
        let workers: Vec<Worker> = (0..3).map(|_| Worker::start(&place, &[])).collect();
        eventually("it has run", || (settled(&workers).0 > 0).then_some(()));
        // What a second firing would have needed has happened: each worker has done a job since.
        for _ in 0..12 {
            assert_eq!(place.ask("a", "echo", &json!(1)).tag.as_str(), "completed");
        }
        assert_eq!(settled(&workers), (1, 1));
    }
}

#[test]
fn a_schedule_that_is_put_while_workers_serve_is_fired_by_them() {
    let place = Place::redis();
    place.app("a", &[]);
    place.endpoints("a", &["echo"]);
    let workers = [Worker::start(&place, &[]), Worker::start(&place, &[])];
    let args = [
        "put",
        "a",
        "now",
        "--on",
        "endpoint:echo",
        "--start",
        "2026-01-01T00:00:00Z",
    ];
    schedule(&place, &args).good();
    eventually("it has run", || (settled(&workers) == (1, 1)).then_some(()));
}

#[test]
fn a_schedule_is_listed_with_its_next_time_and_forgotten_when_deleted() {
    let place = Place::sqlite();
    place.app("a", &[]);
    place.endpoints("a", &["echo"]);
    let start = "2099-01-01T08:00:00Z";
    let args = [
        "put",
        "a",
        "weekly",
        "--on",
        "endpoint:echo",
        "--start",
        start,
        "--every",
        "weekly",
    ];
    schedule(&place, &args).good();
    schedule(
        &place,
        &[
            "put",
            "a",
            "nightly",
            "--on",
            "endpoint:echo",
            "--cron",
            "0 3 * * *",
        ],
    )
    .good();
    let listed: Value =
        serde_json::from_str(&schedule(&place, &["list", "--json"]).good()).unwrap();
    let names: Vec<&Value> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["nightly", "weekly"]);
    let table = schedule(&place, &["list", "a"]).good();
    assert!(table.contains("2099-01-01T08:00:00"), "{table}");
    schedule(&place, &["delete", "a", "weekly"]).good();
    schedule(&place, &["delete", "a", "weekly"]).bad(1);
}

#[test]
fn a_schedule_that_makes_no_sense_is_refused_by_what_is_wrong() {
    let place = Place::sqlite();
    place.app("a", &[]);
    place.endpoints("a", &["echo"]);
    for (flags, words) in [
        (&["--start", "yesterday"][..], "yesterday"),
        (&["--every", "hourly", "--cron", "0 3 * * *"], "cron"),
        (
            &["--start", "2026-01-01T00:00:00Z", "--every", "2-minutes"],
            "5-minutes",
        ),
        (&["--cron", "61 * * * *"], "cron"),
        (&["--cron", "0 0 31 2 *"], "never"),
        (&[], "start"),
    ] {
        let args = ["put", "a", "odd", "--on", "endpoint:echo"];
        let ran = schedule(&place, &[&args[..], flags].concat());
        assert_ne!(ran.code, Some(0), "{flags:?}");
        assert!(ran.stderr.contains(words), "{flags:?}: {}", ran.stderr);
    }
    let ran = schedule(
        &place,
        &[
            "put",
            "a",
            "odd",
            "--on",
            "endpoint:none",
            "--cron",
            "0 3 * * *",
        ],
    );
    assert!(ran.stderr.contains("no hook endpoint:none yet"), "{ran:?}");
    ran.good();
}
