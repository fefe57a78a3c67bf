//! Sentinels and clusters: jobs flow, and go on flowing when the primary dies or the slot moves.

use std::time::Duration;

use lode_queue::QueueError;
use redis::cmd;

use crate::sentinel::Watched;
use crate::support::cluster::{Cluster, ask, raw};
use crate::support::process::{free_port, until};
use crate::support::{idempotent, job, reply};
use crate::{lease, open, persist, refusal, whole_life};

#[tokio::test]
async fn a_promoted_replica_is_found_by_calls_and_by_waits() {
    let mut watched = Watched::start().await;
    let url = watched.url("jobs");
    let (queue, other) = (open(&url).await, open(&url).await);
    let old = watched.primary.as_ref().unwrap().port;
    let place = queue.ping().await.unwrap();
    let expected = format!("at sentinel service jobs (127.0.0.1:{old})");
    assert!(place.ends_with(&expected), "{place}");
    whole_life(&*queue, "before").await;

    let list = queue.reply_list("late");
    let waiting = async {
        // Both block on the old primary when it dies, and end on the new one.
        let (outcome, ()) = tokio::join!(
            persist(async || {
                let outcome = queue.await_reply(&list, Duration::from_secs(60)).await?;
                outcome.ok_or_else(|| QueueError::Unavailable("none yet".to_owned()))
            }),
            async {
                let leased = lease(&*queue).await;
                persist(async || queue.settle(&leased.lease, reply("1", &list)).await).await;
            },
        );
        assert_eq!(outcome, "1");
    };
    let failing = async {
        let primary = watched.primary.take().unwrap();
        blocked(primary.port, 2).await;
        drop(primary);
        persist(async || other.enqueue(&idempotent("a", "after")).await).await;
    };
    tokio::join!(waiting, failing);
    let place = queue.ping().await.unwrap();
    let expected = format!("(127.0.0.1:{})", watched.replica.port);
    assert!(place.ends_with(&expected), "{place}");
}

#[tokio::test]
async fn sentinels_that_do_not_help_are_named_with_what_they_said() {
    let mut watched = Watched::start().await;
    let error = refusal(&watched.url("other")).await;
    let text = error.to_string();
    assert!(error.is_transient(), "{error:?}");
    assert!(text.contains("service \"other\""), "{text}");
    assert_eq!(
        text.matches("knows no service of this name").count(),
        3,
        "{text}"
    );

    let primary = watched.primary.take().unwrap().port;
    let text = refusal(&watched.url("jobs")).await.to_string();
    let expected = format!("the sentinels name at 127.0.0.1:{primary} cannot be reached");
    assert!(text.contains(&expected), "{text}");

    let nobody = free_port();
    let error = refusal(&format!("redis+sentinel://127.0.0.1:{nobody}/jobs")).await;
    let expected = format!("the sentinel at 127.0.0.1:{nobody} cannot be reached");
    assert!(error.to_string().contains(&expected), "{error}");
    assert!(error.is_transient(), "{error:?}");

    let replica = watched.replica.port;
    let error = refusal(&format!("redis+sentinel://127.0.0.1:{replica}/jobs")).await;
    let expected = format!("the sentinel at 127.0.0.1:{replica} answered");
    assert!(error.to_string().contains(&expected), "{error}");
}

#[tokio::test]
async fn queues_of_one_cluster_live_on_different_nodes() {
    let cluster = Cluster::start().await;
    let mut places = Vec::new();
    // Slots 15495, 3300 and 7365.
    for name in ["a", "b", "c"] {
        let queue = open(&format!("{}?queue={name}", cluster.url())).await;
        whole_life(&*queue, "j").await;
        let text = queue.ping().await.unwrap();
        let (_, place) = text.split_once(" at cluster slot ").unwrap();
        places.push(place.split_once(' ').unwrap().1.to_owned());
    }
    places.sort();
    places.dedup();
    assert_eq!(places.len(), 3, "{places:?}");
}

#[tokio::test]
async fn a_reply_list_of_another_slot_is_read_from_its_own_node() {
    let cluster = Cluster::start().await;
    let queue = open(&format!("{}?queue=a", cluster.url())).await;
    let mut raw = raw(&cluster.url(), "{b}list").await;
    let _: u32 = cmd("RPUSH")
        .arg("{b}list")
        .arg("1")
        .query_async(&mut raw)
        .await
        .unwrap();
    let outcome = queue.await_reply("{b}list", Duration::from_secs(60)).await;
    assert_eq!(outcome.unwrap().as_deref(), Some("1"));
}

#[tokio::test]
async fn a_cluster_replica_takes_over_and_is_found() {
    let mut cluster = Cluster::start().await;
    let url = format!("{}?queue=a", cluster.url());
    let queue = open(&url).await;
    whole_life(&*queue, "before").await;
    // Queue `a` lives on the last node; the new one is to inherit it.
    let owner: String = ask(cluster.nodes[2].port, cmd("CLUSTER").arg("MYID"))
        .await
        .unwrap();
    let heir = cluster.add().await;
    cluster.agree(4).await;
    let _: () = ask(heir, cmd("CLUSTER").arg("REPLICATE").arg(owner))
        .await
        .unwrap();
    let replication = cmd("INFO").arg("replication").to_owned();
    until("the replica follows", async || {
        let info: String = ask(heir, &replication).await.unwrap();
        info.contains("master_link_status:up")
    })
    .await;
    drop(cluster.nodes.remove(2));
    let error = queue.stats().await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    whole_life(&*queue, "after").await;
    let place = queue.ping().await.unwrap();
    assert!(place.ends_with(&format!("(127.0.0.1:{heir})")), "{place}");
}

#[tokio::test]
async fn a_slot_on_its_way_loses_and_doubles_nothing() {
    let cluster = Cluster::start().await;
    let queue = open(&format!("{}?queue=a", cluster.url())).await;
    for id in ["one", "two"] {
        queue.enqueue(&job("a", id)).await.unwrap();
    }
    let first = lease(&*queue).await;
    let (from, to) = (cluster.nodes[2].port, cluster.nodes[0].port);
    let mut ids: Vec<String> = Vec::new();
    for port in [from, to] {
        ids.push(ask(port, cmd("CLUSTER").arg("MYID")).await.unwrap());
    }
    let slot: u16 = ask(to, cmd("CLUSTER").arg("KEYSLOT").arg("{a}"))
        .await
        .unwrap();
    let set = |word: &str, id: &str| {
        let mut set = cmd("CLUSTER");
        set.arg("SETSLOT").arg(slot).arg(word).arg(id);
        set
    };
    let _: () = ask(to, &set("IMPORTING", &ids[0])).await.unwrap();
    let _: () = ask(from, &set("MIGRATING", &ids[1])).await.unwrap();
    let keys: Vec<String> = ask(from, cmd("CLUSTER").arg("GETKEYSINSLOT").arg(slot).arg(100))
        .await
        .unwrap();
    let waiting = queue.wait(Duration::from_secs(60));
    let moving = async {
        for key in keys {
            // Half of the way a transition is refused as a whole.
            let error = queue.settle(&first.lease, reply("no", "list")).await;
            assert!(
                error.as_ref().is_err_and(QueueError::is_transient),
                "{error:?}"
            );
            let mut migrate = cmd("MIGRATE");
            migrate.arg("127.0.0.1").arg(to).arg(key).arg(0).arg(5_000);
            let _: String = ask(from, &migrate).await.unwrap();
        }
        for port in [to, from] {
            let _: () = ask(port, &set("NODE", &ids[1])).await.unwrap();
        }
    };
    // The wait may end early; it must not end the handle.
    let (_, ()) = tokio::join!(waiting, moving);
    let list = queue.reply_list("me");
    assert!(persist(async || queue.settle(&first.lease, reply("1", &list)).await).await);
    let second = lease(&*queue).await;
    assert_eq!(second.lease.job_id, "two");
    let place = queue.ping().await.unwrap();
    assert!(place.ends_with(&format!("(127.0.0.1:{to})")), "{place}");
}

#[tokio::test]
async fn a_cluster_that_does_not_serve_the_slot_says_so() {
    let nobody = free_port();
    let error = refusal(&format!("redis+cluster://127.0.0.1:{nobody}?queue=a")).await;
    assert!(error.is_transient(), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("serves slot 15495"), "{text}");
    assert!(
        text.contains(&format!("127.0.0.1:{nobody} cannot be reached")),
        "{text}"
    );

    let cluster = Cluster::start().await;
    let port = cluster.nodes[0].port;
    let queue = open(&format!("redis://127.0.0.1:{port}?queue=a")).await;
    let error = queue.enqueue(&job("a", "j")).await.unwrap_err();
    assert!(matches!(error, QueueError::Refused { .. }), "{error:?}");
    assert!(
        error.to_string().contains("use redis+cluster://"),
        "{error}"
    );
}

/// Waits until this server holds that many blocked clients.
async fn blocked(port: u16, count: usize) {
    let expected = format!("blocked_clients:{count}\r\n");
    until("the clients block", async || {
        let info: String = ask(port, cmd("INFO").arg("clients")).await.unwrap();
        info.contains(&expected)
    })
    .await;
}
