//! What only a file can do: stay, be shared, be somewhere else.

use lode_queue::{QueueError, QueueOptions, open};

use crate::support::{Bench, bury, job, lease_one, outcome};

#[tokio::test]
async fn jobs_survive_the_closing_of_the_file() {
    let bench = Bench::sqlite();
    let first = bench.open().await;
    first.enqueue(&job("a", "j")).await.unwrap();
    drop(first);
    let queue = bench.open().await;
    let leased = lease_one(&*queue).await;
    assert!(queue.settle(&leased.lease, outcome("1")).await.unwrap());
}

#[tokio::test]
async fn queues_of_one_file_do_not_mix() {
    let bench = Bench::sqlite();
    let path = bench.dir.path().join("two.db");
    let url = |name: &str| format!("sqlite:{}?queue={name}", path.display());
    let one = open(&url("one"), QueueOptions::default()).await.unwrap();
    let two = open(&url("two"), QueueOptions::default()).await.unwrap();
    one.enqueue(&job("a", "j")).await.unwrap();
    two.enqueue(&job("a", "j")).await.unwrap();
    let leased = lease_one(&*one).await;
    assert!(!two.settle(&leased.lease, outcome("1")).await.unwrap());
    assert_eq!(two.stats().await.unwrap().queued, 1);
}

#[tokio::test]
async fn many_openers_at_once_all_get_in() {
    let bench = Bench::sqlite();
    let mut openers = tokio::task::JoinSet::new();
    for n in 0..8 {
        let url = format!("sqlite:{}", bench.dir.path().join("queue.db").display());
        openers.spawn(async move {
            let queue = open(&url, QueueOptions::default()).await?;
            queue.enqueue(&job("a", &format!("j{n}"))).await
        });
    }
    while let Some(opened) = openers.join_next().await {
        opened.unwrap().unwrap();
    }
    assert_eq!(bench.open().await.stats().await.unwrap().queued, 8);
}

#[tokio::test]
async fn a_file_that_is_none_is_an_error_in_words() {
    let bench = Bench::sqlite();
    let missing = format!("sqlite:{}/no/such/dir/q.db", bench.dir.path().display());
    let error = open(&missing, QueueOptions::default()).await.unwrap_err();
    assert!(
        matches!(error, QueueError::Refused { step: "open", .. }),
        "{error:?}"
    );
    let text = bench.dir.path().join("text.db");
    std::fs::write(
        &text,
        "this is not a database, whatever its name says".repeat(100),
    )
    .unwrap();
    let error = open(
        &format!("sqlite:{}", text.display()),
        QueueOptions::default(),
    )
    .await;
    assert!(error.unwrap_err().to_string().contains("not a database"));
}

#[tokio::test]
async fn a_dead_list_that_is_too_large_loses_its_oldest() {
    let bench = Bench::sqlite();
    let queue = bench.open().await;
    bury(&*queue, "old").await;
    let db = rusqlite::Connection::open(bench.dir.path().join("queue.db")).unwrap();
    let pretend = "UPDATE queue_meta SET value = 268435456 WHERE name = 'dead_bytes'";
    assert_eq!(db.execute(pretend, []).unwrap(), 1);
    bury(&*queue, "new").await;
    let dead = queue.dead(9).await.unwrap();
    assert_eq!((dead.len(), dead[0].id.as_str()), (1, "new"));
    assert_eq!(queue.stats().await.unwrap().dead, 1);
}
