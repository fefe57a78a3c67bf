//! Log lines: kept per app, read by level, hook, time and number, bounded.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use lode_proto::message::LogLevel;
use lode_store::{Keep, LogQuery, NewLogLine, Store};

use crate::concurrency::on_many_threads;
use crate::place::Place;
use crate::{APP, new_app, store};

fn line(app: &str, level: LogLevel, message: &str) -> NewLogLine {
    NewLogLine {
        app: app.to_owned(),
        at_ms: 1_700_000_000_000,
        level,
        hook: "orders.onPostSave".to_owned(),
        job: "j1".to_owned(),
        message: message.to_owned(),
    }
}

async fn messages(store: &dyn Store, query: LogQuery) -> Vec<String> {
    let lines = store.logs(APP, query).await.unwrap();
    lines.into_iter().map(|line| line.message).collect()
}

#[tokio::test]
async fn lines_are_read_in_order_by_level_hook_time_and_number() {
    let store = store().await;
    store.create_app(new_app("other")).await.unwrap();
    let other_hook = NewLogLine {
        hook: "endpoint:a".to_owned(),
        at_ms: 1_700_000_000_500,
        ..line(APP, LogLevel::Info, "fifth")
    };
    let lines = vec![
        line(APP, LogLevel::Info, "first"),
        line(APP, LogLevel::Fatal, "second"),
        line("other", LogLevel::Error, "secret"),
        line(APP, LogLevel::Warning, "third"),
        line(APP, LogLevel::Error, "fourth\n…"),
        other_hook,
    ];
    store.append_logs(lines).await.unwrap();
    let all = LogQuery::default();
    let expected = ["first", "second", "third", "fourth\n…", "fifth"];
    assert_eq!(messages(&*store, all.clone()).await, expected);
    for (level, expected) in [
        (LogLevel::Warning, &["second", "third", "fourth\n…"][..]),
        (LogLevel::Error, &["second", "fourth\n…"]),
        (LogLevel::Fatal, &["second"]),
    ] {
        let query = LogQuery {
            level,
            ..all.clone()
        };
        assert_eq!(messages(&*store, query).await, expected, "{level:?}");
    }
    let hook = LogQuery {
        hook: Some("endpoint:a".to_owned()),
        ..all.clone()
    };
    assert_eq!(messages(&*store, hook).await, ["fifth"]);
    let since = LogQuery {
        since_ms: 1_700_000_000_001,
        ..all.clone()
    };
    assert_eq!(messages(&*store, since).await, ["fifth"]);
    let newest = LogQuery {
        limit: 2,
        ..all.clone()
    };
    let two = store.logs(APP, newest).await.unwrap();
    assert_eq!(two[0].message, "fourth\n…");
    let oldest = LogQuery {
        limit: 2,
        oldest: true,
        ..all.clone()
    };
    assert_eq!(messages(&*store, oldest).await, ["first", "second"]);
    let after = LogQuery {
        after_seq: two[0].seq,
        ..all.clone()
    };
    assert_eq!(messages(&*store, after).await, ["fifth"]);
    assert_eq!((two[0].level, &*two[0].job), (LogLevel::Error, "j1"));
    let unknown = store.logs("nobody", all).await.unwrap_err();
    assert_eq!(unknown.code(), "UnknownApp");
}

#[tokio::test]
async fn each_app_keeps_its_newest_lines_and_nothing_too_old() {
    let store = store().await;
    store.create_app(new_app("other")).await.unwrap();
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let at_ms = u64::try_from(now.as_millis()).unwrap();
    let new = |app: &str, text: &str| NewLogLine {
        at_ms,
        ..line(app, LogLevel::Info, text)
    };
    store
        .append_logs(vec![line(APP, LogLevel::Info, "old")])
        .await
        .unwrap();
    let lines = (0..20).map(|number| new(APP, &number.to_string()));
    store.append_logs(lines.collect()).await.unwrap();
    store
        .append_logs(vec![new("other", "alone")])
        .await
        .unwrap();

    let keep = |count| Keep {
        count,
        age: Duration::from_secs(24 * 3_600),
    };
    assert_eq!(store.prune_logs(keep(100)).await.unwrap(), 1, "the old one");
    assert_eq!(messages(&*store, LogQuery::default()).await.len(), 20);
    assert_eq!(store.prune_logs(keep(3)).await.unwrap(), 17);
    let left = messages(&*store, LogQuery::default()).await;
    assert_eq!(left, ["17", "18", "19"]);
    let others = store.logs("other", LogQuery::default()).await.unwrap();
    assert_eq!(others.len(), 1);

    // A number is never used again, so that whoever follows misses nothing.
    let last = store.logs(APP, LogQuery::default()).await.unwrap()[2].seq;
    store.prune_logs(keep(0)).await.unwrap();
    store.append_logs(vec![new(APP, "next")]).await.unwrap();
    let next = store.logs(APP, LogQuery::default()).await.unwrap();
    assert!(next[0].seq > last);
}

#[tokio::test]
async fn a_line_with_a_nul_is_kept_and_costs_no_others() {
    let store = store().await;
    let texts = ["before", "n\0l", "after"];
    let lines = texts.map(|text| line(APP, LogLevel::Info, text));
    store.append_logs(lines.to_vec()).await.unwrap();
    assert_eq!(messages(&*store, LogQuery::default()).await, texts);
}

/// Counts a writer that has ended, in whatever way.
struct Ended<'a>(&'a AtomicUsize);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

const WRITERS: usize = 7;
const BATCHES: usize = 15;

/// Lines of two apps in each batch, and not always in the same order.
async fn write(store: &dyn Store, writer: usize) {
    for batch in 0..BATCHES {
        let text = format!("{writer} {batch}");
        let mut lines = ["other", APP].map(|app| line(app, LogLevel::Info, &text));
        lines.rotate_left(writer % 2);
        store.append_logs(lines.to_vec()).await.unwrap();
    }
}

/// Reads on from the last line that it has seen, until nobody writes any more.
async fn follow(store: &dyn Store, ended: &AtomicUsize) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut query = LogQuery {
        oldest: true,
        ..LogQuery::default()
    };
    loop {
        let is_over = ended.load(Ordering::Acquire) == WRITERS;
        let lines = store.logs(APP, query.clone()).await.unwrap();
        match lines.last() {
            Some(last) => query.after_seq = last.seq,
            None if is_over => return seen,
            None => {}
        }
        seen.extend(lines.into_iter().map(|line| line.message));
    }
}

#[tokio::test]
async fn whoever_follows_an_apps_lines_misses_none_of_many_writers() {
    let place = Place::new();
    let stores = [place.open().await, place.open().await];
    stores[0].create_app(new_app(APP)).await.unwrap();
    let ended = AtomicUsize::new(0);
    on_many_threads(WRITERS + 1, |thread| {
        let (store, ended) = (&stores[thread % 2], &ended);
        async move {
            if thread < WRITERS {
                let _ended = Ended(ended);
                write(&**store, thread).await;
            } else {
                let seen = follow(&**store, ended).await;
                assert_eq!(seen.len(), WRITERS * BATCHES);
            }
        }
    });
}
