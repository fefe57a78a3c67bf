//! Servers that restart and networks that break: nothing is lost, nothing is done twice.

use std::time::Duration;

use redis::cmd;
use tempfile::TempDir;

use crate::proxy::{Network, Proxy};
use crate::support::cluster::ask;
use crate::support::process::{Server, free_port, program, until};
use crate::support::{idempotent, job, reply};
use crate::{lease, open, persist, whole_life};

#[tokio::test]
async fn a_restart_with_an_append_only_file_keeps_every_job() {
    let dir = TempDir::new().unwrap();
    let port = free_port();
    let args = ["--appendonly", "yes", "--appendfsync", "always"];
    let server = Server::start(program(), dir.path(), port, &args).await;
    let queue = open(&format!("redis://127.0.0.1:{port}?queue=q")).await;
    for n in 0..20 {
        queue.enqueue(&job("a", &format!("j{n}"))).await.unwrap();
    }
    let leased = lease(&*queue).await;
    drop(server);
    let away = queue.stats().await.unwrap_err();
    let place = format!("127.0.0.1:{port}");
    let error = queue.enqueue("{}").await.unwrap_err().to_string();
    assert!(away.is_transient());
    assert!(
        error.contains(&format!("Redis at {place} cannot be reached")),
        "{error}"
    );
    let _server = Server::start(program(), dir.path(), port, &args).await;
    assert!(persist(async || queue.settle(&leased.lease, reply("1", "list")).await).await);
    for _ in 1..20 {
        let leased = lease(&*queue).await;
        assert!(
            queue
                .settle(&leased.lease, reply("1", "list"))
                .await
                .unwrap()
        );
    }
    let stats = queue.stats().await.unwrap();
    assert_eq!((stats.settled, stats.queued, stats.inbox), (20, 0, 0));
}

#[tokio::test]
async fn connections_killed_in_waits_and_calls_come_back() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(program(), dir.path(), free_port(), &[]).await;
    let queue = open(&format!("redis://127.0.0.1:{}?queue=q", server.port)).await;
    let mut kill = cmd("CLIENT");
    kill.arg("KILL").arg("TYPE").arg("normal");
    let killing = async {
        for n in 0..30 {
            let _: u32 = ask(server.port, &kill).await.unwrap();
            queue
                .ping()
                .await
                .err()
                .inspect(|error| assert!(error.is_transient()));
            tokio::task::yield_now().await;
            if n % 10 == 0 {
                whole_life(&*queue, &format!("between{n}")).await;
            }
        }
    };
    killing.await;
    for n in 0..5 {
        let working = whole_life_of(&*queue, n);
        let killing = async {
            let _: u32 = ask(server.port, &kill).await.unwrap();
        };
        tokio::join!(working, killing);
    }
    assert_eq!(persist(async || queue.stats().await).await.settled, 8);
}

async fn whole_life_of(queue: &dyn lode_queue::Queue, n: usize) {
    let waiting = persist(async || queue.wait(Duration::from_millis(50)).await);
    waiting.await;
    whole_life(queue, &format!("j{n}")).await;
}

#[tokio::test]
async fn an_answer_that_never_comes_does_not_double_anything() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(program(), dir.path(), free_port(), &[]).await;
    let direct = open(&format!("redis://127.0.0.1:{}?queue=q", server.port)).await;
    let proxy = Proxy::start(server.port).await;
    let queue = open(&format!("redis://127.0.0.1:{}?queue=q", proxy.port)).await;
    // The server knows the scripts from here on.
    whole_life(&*queue, "first").await;
    queue.enqueue(&idempotent("a", "j")).await.unwrap();
    let leased = lease(&*queue).await;
    let list = queue.reply_list("me");
    let settle = reply("1", &list);

    // The server settles, and the network keeps the answer until it breaks.
    proxy.set(Network::Mute);
    let cutting = async {
        until("the settle has happened", async || {
            direct.stats().await.unwrap().settled == 2
        })
        .await;
        proxy.set(Network::Cut);
    };
    let (first, ()) = tokio::join!(queue.settle(&leased.lease, settle.clone()), cutting);
    assert!(first.unwrap_err().is_transient());
    assert!(
        queue
            .settle(&leased.lease, settle.clone())
            .await
            .unwrap_err()
            .is_transient()
    );
    proxy.set(Network::Open);
    let again = persist(async || queue.settle(&leased.lease, settle.clone()).await).await;
    assert!(!again, "the first try has settled it");
    let outcomes: Vec<String> = ask(server.port, cmd("LRANGE").arg(&list).arg(0).arg(-1))
        .await
        .unwrap();
    assert_eq!(outcomes, ["1"]);
}

#[tokio::test]
async fn a_slow_server_is_waited_for() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(program(), dir.path(), free_port(), &[]).await;
    let proxy = Proxy::start(server.port).await;
    let queue = open(&format!("redis://127.0.0.1:{}?queue=q", proxy.port)).await;
    whole_life(&*queue, "first").await;
    queue.enqueue(&job("a", "j")).await.unwrap();
    proxy.set(Network::Mute);
    let length = cmd("XLEN").arg("lode:{q}:in").to_owned();
    let opening = async {
        until("the job is taken", async || {
            ask::<u64>(server.port, &length).await.unwrap() == 0
        })
        .await;
        proxy.set(Network::Open);
    };
    let (jobs, ()) = tokio::join!(queue.lease("w", 1, &[]), opening);
    assert_eq!(jobs.unwrap()[0].lease.job_id, "j");
}

#[tokio::test]
async fn a_silent_connection_that_a_caller_gave_up_is_replaced() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(program(), dir.path(), free_port(), &[]).await;
    let proxy = Proxy::start(server.port).await;
    let queue = open(&format!("redis://127.0.0.1:{}?queue=q", proxy.port)).await;
    whole_life(&*queue, "first").await;
    proxy.set(Network::Forgetful);
    let patience = Duration::from_millis(250);
    let given_up = tokio::time::timeout(patience, queue.tend("w")).await;
    assert!(given_up.is_err(), "{given_up:?}");
    // Behind the call that got no answer this one would get none either, until its time is over.
    assert_eq!(queue.stats().await.unwrap().settled, 1);
    queue.enqueue(&job("a", "second")).await.unwrap();
    assert_eq!(lease(&*queue).await.lease.job_id, "second");
}

#[tokio::test]
async fn a_full_server_goes_on_when_it_has_room_again() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(program(), dir.path(), free_port(), &[]).await;
    let queue = open(&format!("redis://127.0.0.1:{}?queue=q", server.port)).await;
    let limit = |bytes: &str| {
        let mut set = cmd("CONFIG");
        set.arg("SET").arg("maxmemory").arg(bytes);
        set
    };
    let _: () = ask(server.port, &limit("1")).await.unwrap();
    let error = queue.enqueue(&job("a", "j")).await.unwrap_err();
    assert!(
        error.is_transient() && error.to_string().contains("OOM"),
        "{error}"
    );
    let _: () = ask(server.port, &limit("0")).await.unwrap();
    whole_life(&*queue, "j").await;
}
