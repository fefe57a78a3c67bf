//! Schedules: stored, replaced, listed, deleted, and what is refused.

use lode_store::limits::{SCHEDULE_REQUEST_BYTES_MAX, SCHEDULES_MAX};
use lode_store::{NewSchedule, Schedule, StoreError};

use crate::place::Place;
use crate::{APP, new_app, store};

fn nightly() -> NewSchedule {
    NewSchedule {
        app: APP.to_owned(),
        name: "nightly".to_owned(),
        hook: "endpoint:report".to_owned(),
        start_ms: Some(1_795_219_200_000),
        every: Some("daily".to_owned()),
        request: Some(r#"{"body":{"n":1.0}}"#.to_owned()),
        ..NewSchedule::default()
    }
}

#[track_caller]
fn check_refused<T: std::fmt::Debug>(result: Result<T, StoreError>, code: &str, part: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.code(), error.status()), (code, 400), "{error}");
    assert!(error.to_string().contains(part), "{error}");
}

#[tokio::test]
async fn a_schedule_is_kept_as_it_was_given_and_replaced_by_name() {
    let place = Place::new();
    let given = {
        let store = place.open().await;
        store.create_app(new_app(APP)).await.unwrap();
        store.put_schedule(nightly()).await.unwrap()
    };
    let expected = Schedule {
        app: APP.to_owned(),
        name: "nightly".to_owned(),
        hook: "endpoint:report".to_owned(),
        start_ms: Some(1_795_219_200_000),
        every: Some("daily".to_owned()),
        cron: None,
        request: Some(r#"{"body":{"n":1.0}}"#.to_owned()),
        created_ms: given.created_ms,
    };
    assert_eq!(given, expected);
    let store = place.open().await;
    assert_eq!(store.schedules(Some(APP)).await.unwrap(), [expected]);
    assert_eq!(store.put_schedule(nightly()).await.unwrap(), given);

    let by_cron = NewSchedule {
        start_ms: None,
        every: None,
        cron: Some("0 3 * * *".to_owned()),
        request: None,
        ..nightly()
    };
    let replaced = store.put_schedule(by_cron).await.unwrap();
    assert_eq!(replaced.cron.as_deref(), Some("0 3 * * *"));
    assert_eq!((replaced.start_ms, &replaced.request), (None, &None));
    assert_eq!(store.schedules(None).await.unwrap(), [replaced]);
}

#[tokio::test]
async fn an_app_has_its_own_schedules_and_all_are_listed_in_order() {
    let store = store().await;
    store.create_app(new_app("app0")).await.unwrap();
    for (app, name) in [(APP, "b"), (APP, "a"), ("app0", "b")] {
        let put = NewSchedule {
            app: app.to_owned(),
            name: name.to_owned(),
            ..nightly()
        };
        store.put_schedule(put).await.unwrap();
    }
    let names = async |app| {
        let listed = store.schedules(app).await.unwrap();
        let names = listed.into_iter().map(|found| (found.app, found.name));
        names.collect::<Vec<_>>()
    };
    let pair = |app: &str, name: &str| (app.to_owned(), name.to_owned());
    assert_eq!(names(Some(APP)).await, [pair(APP, "a"), pair(APP, "b")]);
    let all = [pair("app0", "b"), pair(APP, "a"), pair(APP, "b")];
    assert_eq!(names(None).await, all);

    assert!(store.delete_schedule(APP, "b").await.unwrap());
    assert!(!store.delete_schedule(APP, "b").await.unwrap());
    assert!(!store.delete_schedule("nobody", "b").await.unwrap());
    assert_eq!(names(None).await, [pair("app0", "b"), pair(APP, "a")]);
    check_refused(
        store.schedules(Some("nobody")).await,
        "UnknownApp",
        "nobody",
    );
}

#[tokio::test]
async fn a_schedule_beyond_the_bounds_is_refused_with_what_is_allowed() {
    let store = store().await;
    let text = |text: &str| Some(text.to_owned());
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(SCHEDULE_REQUEST_BYTES_MAX));
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(100), "]".repeat(100));
    type Change = fn(&mut NewSchedule);
    let cases: [(Change, Option<String>, &str, &str); 12] = [
        (
            |put| put.app = "nobody".to_owned(),
            None,
            "UnknownApp",
            "nobody",
        ),
        (
            |put| put.name = "a b".to_owned(),
            None,
            "BadName",
            "schedule name",
        ),
        (
            |put| put.hook = "report".to_owned(),
            None,
            "BadName",
            "endpoint:<name>",
        ),
        (
            |put| put.hook = "b.onPreSave".to_owned(),
            None,
            "BadName",
            "allowed is endpoint:<name>",
        ),
        (
            |put| put.hook = "common:x".to_owned(),
            None,
            "BadName",
            "allowed is endpoint:<name>",
        ),
        (
            |put| put.start_ms = None,
            None,
            "BadSchedule",
            "needs a start or a cron",
        ),
        (
            |put| put.every = Some(String::new()),
            None,
            "BadSchedule",
            "interval has 0 bytes",
        ),
        (
            |put| put.cron = Some("* ".repeat(101)),
            None,
            "BadSchedule",
            "allowed are 1 to 200",
        ),
        (|_| {}, text("[1]"), "BadSchedule", "must be a JSON object"),
        (|_| {}, text("{"), "BadSchedule", "must be a JSON object"),
        (|_| {}, Some(deep), "BadSchedule", "nested deeper than 100"),
        (|_| {}, Some(large), "LimitExceeded", "262144 bytes"),
    ];
    for (change, request, code, part) in cases {
        let mut put = nightly();
        change(&mut put);
        put.request = request;
        check_refused(store.put_schedule(put).await, code, part);
    }
    assert_eq!(store.schedules(None).await.unwrap(), []);
}

#[tokio::test]
async fn an_app_has_a_bounded_number_of_schedules() {
    let store = store().await;
    let named = |number: usize| NewSchedule {
        name: format!("s{number}"),
        ..nightly()
    };
    for number in 0..SCHEDULES_MAX {
        store.put_schedule(named(number)).await.unwrap();
    }
    let one_more = store.put_schedule(named(SCHEDULES_MAX)).await;
    check_refused(one_more, "LimitExceeded", "100 schedules");
    // One that is there may still be changed.
    let changed = NewSchedule {
        hook: "endpoint:other".to_owned(),
        ..named(0)
    };
    store.put_schedule(changed).await.unwrap();
    assert_eq!(
        store.schedules(Some(APP)).await.unwrap().len(),
        SCHEDULES_MAX
    );
}
