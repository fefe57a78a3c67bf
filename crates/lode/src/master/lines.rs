//! Hooks' log lines on their way to the store: in batches, off the jobs' path, bounded.
//!
//! A store that is slow or away costs lines, which are counted, and no job any time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use lode_store::{Keep, NewLogLine, Store};
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::config::LogsConfig;
use crate::shown::chain;

/// Lines that may wait for the store.
const WAITING_LINES_MAX: usize = 20_000;
/// Bytes of those lines: one may have a MiB.
const WAITING_BYTES_MAX: usize = 16 << 20;
/// Lines of one batch.
const BATCH_MAX: usize = 500;
/// How long a batch waits for more after its first line.
const BATCH_WAIT: Duration = Duration::from_millis(100);
/// Between two looks for lines that need not be kept any longer.
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// Lines after which that is looked for at once: less than one look takes away.
const PRUNE_LINES: usize = 5_000;
/// Looks in a row, while they find something.
const PRUNE_LOOKS: usize = 20;
/// How long a worker that leaves goes on writing.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// Where lines are handed in.
#[derive(Debug)]
pub(crate) struct LineDesk {
    lines: mpsc::Sender<NewLogLine>,
    waiting_bytes: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
}

/// Writes them.
#[derive(Debug)]
pub(crate) struct LineKeeper {
    store: Arc<dyn Store>,
    lines: mpsc::Receiver<NewLogLine>,
    waiting_bytes: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
    keep: Keep,
}

impl LineDesk {
    /// Hands a line in. It is dropped, and counted, when too many wait.
    pub(crate) fn keep(&self, line: NewLogLine) {
        let bytes = weight(&line);
        let before = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > WAITING_BYTES_MAX || self.lines.try_send(line).is_err() {
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A desk and its keeper; `None` when no lines are kept.
pub(crate) fn open(
    config: &LogsConfig,
    store: &Arc<dyn Store>,
) -> Option<(Arc<LineDesk>, LineKeeper)> {
    if config.app_lines_max == 0 {
        return None;
    }
    let (sender, receiver) = mpsc::channel(WAITING_LINES_MAX);
    let (waiting_bytes, dropped) = (Arc::<AtomicUsize>::default(), Arc::<AtomicU64>::default());
    let desk = LineDesk {
        lines: sender,
        waiting_bytes: Arc::clone(&waiting_bytes),
        dropped: Arc::clone(&dropped),
    };
    let keeper = LineKeeper {
        store: Arc::clone(store),
        lines: receiver,
        waiting_bytes,
        dropped,
        keep: Keep {
            count: config.app_lines_max,
            age: Duration::from_secs(config.keep_s),
        },
    };
    Some((Arc::new(desk), keeper))
}

impl LineKeeper {
    /// Writes until `stop`, and then what is waiting.
    pub(crate) async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        let mut prune = tokio::time::interval(PRUNE_EVERY);
        prune.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut batch, mut written) = (Vec::new(), 0);
        loop {
            tokio::select! {
                _ = &mut stop => break,
                _ = prune.tick() => self.prune().await,
                // Nothing comes when the desk is gone.
                count = self.lines.recv_many(&mut batch, BATCH_MAX) => {
                    if count == 0 {
                        break;
                    }
                    if count < BATCH_MAX {
                        tokio::time::sleep(BATCH_WAIT).await;
                        self.fill(&mut batch);
                    }
                    written += batch.len();
                    self.write(&mut batch).await;
                    if written >= PRUNE_LINES {
                        written = 0;
                        self.prune().await;
                    }
                }
            }
        }
        let rest = async {
            self.fill(&mut batch);
            while !batch.is_empty() {
                self.write(&mut batch).await;
                self.fill(&mut batch);
            }
        };
        if tokio::time::timeout(DRAIN_LIMIT, rest).await.is_err() {
            let lines = self.lines.len();
            tracing::warn!(
                lines,
                "log lines of hooks were dropped: the store is too slow"
            );
        }
    }

    /// Adds what waits already.
    fn fill(&mut self, batch: &mut Vec<NewLogLine>) {
        while batch.len() < BATCH_MAX
            && let Ok(line) = self.lines.try_recv()
        {
            batch.push(line);
        }
    }

    async fn write(&self, batch: &mut Vec<NewLogLine>) {
        let lines = std::mem::take(batch);
        let count = lines.len() as u64;
        let bytes = lines.iter().map(weight).sum();
        if let Err(error) = self.store.append_logs(lines).await {
            self.dropped.fetch_add(count, Ordering::Relaxed);
            tracing::warn!(
                error = chain(&error),
                "log lines of hooks could not be kept"
            );
        }
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        let lines = self.dropped.swap(0, Ordering::Relaxed);
        if lines > 0 {
            tracing::warn!(
                lines,
                "log lines of hooks were dropped: the store is too slow"
            );
        }
    }

    /// As long as there is something to forget: apps may write faster than one look takes away.
    async fn prune(&self) {
        for _ in 0..PRUNE_LOOKS {
            match self.store.prune_logs(self.keep).await {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    let error = chain(&error);
                    tracing::warn!(error, "old log lines could not be forgotten");
                    return;
                }
            }
        }
    }
}

fn weight(line: &NewLogLine) -> usize {
    line.message.len() + line.hook.len() + line.job.len() + line.app.len()
}

#[cfg(test)]
mod tests {
    use lode_proto::message::LogLevel;
    use lode_store::{LogQuery, NewApp};

    use super::*;
    use crate::master::clock::unix_ms;

    fn line(message: String) -> NewLogLine {
        NewLogLine {
            app: "a".to_owned(),
            at_ms: 1,
            level: LogLevel::Info,
            hook: "endpoint:x".to_owned(),
            job: "j".to_owned(),
            message,
        }
    }

    async fn store() -> Arc<dyn Store> {
        let store = lode_store::open("sqlite::memory:").await.unwrap();
        let app = NewApp {
            id: "a".to_owned(),
            ..NewApp::default()
        };
        store.create_app(app).await.unwrap();
        store
    }

    #[tokio::test]
    async fn lines_beyond_the_bound_are_dropped_and_counted_and_the_rest_is_kept_in_order() {
        let store = store().await;
        let (desk, keeper) = open(&LogsConfig::default(), &store).unwrap();
        let large = "x".repeat(1 << 20);
        for _ in 0..20 {
            desk.keep(line(large.clone()));
        }
        assert_eq!(desk.dropped.load(Ordering::Relaxed), 5);
        desk.keep(line("small".to_owned()));
        let (stop, stopped) = oneshot::channel();
        stop.send(()).unwrap();
        keeper.run(stopped).await;
        let kept = store.logs("a", LogQuery::default()).await.unwrap();
        assert_eq!(kept.len(), 16);
        assert_eq!(kept[15].message, "small");
        assert_eq!(desk.waiting_bytes.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn the_bound_holds_against_an_app_that_writes_fast() {
        let store = store().await;
        let config = LogsConfig {
            app_lines_max: 10,
            ..LogsConfig::default()
        };
        let (desk, keeper) = open(&config, &store).unwrap();
        for number in 0..3 * PRUNE_LINES {
            desk.keep(NewLogLine {
                at_ms: unix_ms(),
                ..line(number.to_string())
            });
        }
        let (stop, stopped) = oneshot::channel();
        let keeper = tokio::spawn(keeper.run(stopped));
        let newest = (3 * PRUNE_LINES - 1).to_string();
        let kept = async {
            loop {
                let kept = store.logs("a", LogQuery::default()).await.unwrap();
                if kept.len() == 10 && kept[9].message == newest {
                    return;
                }
            }
        };
        let patience = Duration::from_secs(60);
        tokio::time::timeout(patience, kept).await.unwrap();
        stop.send(()).unwrap();
        keeper.await.unwrap();
    }
}
