//! `lode serve --tcp-runner ADDR`: the protocol of Kinvey's task runner, newline-delimited JSON.
//!
//! ```text
//! client ── {"taskId", "appId", …}\n ──► connection ─► desk: a durable job of the queue
//! client ◄── reply\n ─────────────────── connection ◄─ desk ◄─ this worker's reply list
//! ```
//! Any number of tasks on one connection, run side by side, replies in the order in which they are
//! ready. `{"healthCheck":1}` is answered by `{"status":"ready"}`. The protocol has no
//! authentication: whoever reaches the address can enqueue.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use lode_queue::Queue;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use desk::Desk;

mod connection;
mod desk;
mod line;
mod lines;

/// Clients at one time; more wait for the kernel to hand them over. Each is one descriptor.
pub(crate) const CONNECTIONS_MAX: usize = 256;
/// How long, after the worker has drained, tasks that run elsewhere and clients that read slowly
/// are waited for.
const FINISH_MAX: Duration = Duration::from_secs(10);

/// The listener and its connections.
#[derive(Debug)]
pub(crate) struct TcpRunner {
    desk: Arc<Desk>,
    stop: Arc<watch::Sender<bool>>,
    serving: JoinHandle<()>,
}

impl TcpRunner {
    /// Binds `listen` and serves in the background. SIGTERM and SIGINT end the taking of tasks.
    pub(crate) async fn start(listen: &str, queue: Arc<dyn Queue>, worker: String) -> Result<Self> {
        let address: SocketAddr = listen.parse().with_context(|| {
            format!(
                "tcp_runner.listen is {listen:?}, an address such as 127.0.0.1:7000 is expected"
            )
        })?;
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("tcp_runner.listen {address}"))?;
        tracing::info!(address = %listener.local_addr()?, "tcp runner");
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let desk = Arc::new(Desk::new(queue, worker));
        let stop = Arc::new(watch::Sender::new(false));
        let told = Arc::clone(&stop);
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            told.send_replace(true);
        });
        let serving = tokio::spawn(serve(listener, Arc::clone(&desk), stop.subscribe()));
        Ok(Self {
            desk,
            stop,
            serving,
        })
    }

    /// After the worker has drained: withdraws what has not started, and waits for the last replies
    /// to be written.
    pub(crate) async fn finish(self) {
        self.stop.send_replace(true);
        let finished = async {
            self.desk.withdraw().await;
            self.serving.await
        };
        match tokio::time::timeout(FINISH_MAX, finished).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "tcp runner: it failed"),
            Err(_) => tracing::warn!("tcp runner: left with unanswered tasks"),
        }
    }
}

async fn serve(listener: TcpListener, desk: Arc<Desk>, stop: watch::Receiver<bool>) {
    let delivering = {
        let desk = Arc::clone(&desk);
        // On its own: dropped half-way it could lose an outcome that it has taken off the list.
        tokio::spawn(async move { desk.deliver().await })
    };
    let mut connections = JoinSet::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut stopped = stop.clone();
    loop {
        let (stream, place) = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let (desk, stop) = (Arc::clone(&desk), stop.clone());
        connections.spawn(async move {
            connection::serve(stream, desk, stop).await;
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
    delivering.abort();
}

/// The next client, when there is room for one.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        let place = Arc::clone(room).acquire_owned().await;
        let place = place.expect("the room is never closed");
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(error) => {
                tracing::warn!(%error, "tcp runner: a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
