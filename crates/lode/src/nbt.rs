//! `lode serve --nbt`: makes jobs of the tasks that clients of npm `background-task` submit.
//!
//! A worker hears of a task on the channel and claims it. Those that nobody heard of (published
//! while no worker listened) are found by a sweep. A claimed task is a job of the queue like any
//! other: whichever worker leases it runs it and answers its client, and counts it if it goes bad.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use lode_queue::{
    Announcement, Announcements, BackgroundTaskOptions, BackgroundTasks, QueueError, Swept,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::OnceCell;

use crate::master::clock::now;
use crate::shown::chain;

/// Tasks that one script claims at most.
const BATCH_MAX: usize = 64;
/// Tasks that one sweep looks at; more are left to the next, which then comes at once.
const SWEEP_MAX: usize = 1_000;
/// A task found by the sweep is claimed after this time. One that was published just now is then
/// announced, too: if it is a broadcast, some worker has heard so.
const SWEEP_PATIENCE: Duration = Duration::from_secs(1);
/// A worker that has listened so long deletes tasks whose clients do not: after a failure of Redis
/// these have had the time to come back.
const LEFT_AFTER: Duration = Duration::from_secs(60);
/// How long a silent subscription is trusted.
const CHECK_EVERY: Duration = Duration::from_secs(5);
/// Pauses between tries to listen: the first, and the longest.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A worker's part in serving clients of npm `background-task`.
#[derive(Debug, Clone)]
pub(crate) struct Nbt {
    claims: Arc<Claims>,
}

#[derive(Debug)]
struct Claims {
    queue_url: String,
    options: BackgroundTaskOptions,
    opened: OnceCell<BackgroundTasks>,
}

impl Claims {
    async fn open(&self) -> Result<&BackgroundTasks, QueueError> {
        let open = || BackgroundTasks::open(&self.queue_url, self.options.clone());
        self.opened.get_or_try_init(open).await
    }
}

impl Nbt {
    /// The part of a worker that claims no tasks, but runs those of others: see
    /// [`Self::report_bad`]. Reaches nothing yet.
    pub(crate) fn beside(queue_url: &str, options: BackgroundTaskOptions) -> Self {
        let claims = Claims {
            queue_url: queue_url.to_owned(),
            options,
            opened: OnceCell::new(),
        };
        Self {
            claims: Arc::new(claims),
        }
    }

    /// Opens the tasks beside the queue and claims them in the background until SIGTERM or SIGINT.
    /// Fails where such tasks cannot be served: on SQLite and on a Redis Cluster.
    pub(crate) async fn start(&self, sweep_every: Duration) -> Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        self.claims.open().await.context("nbt.enabled")?;
        let claims = Arc::clone(&self.claims);
        tokio::spawn(async move {
            tokio::select! {
                () = serve(&claims, sweep_every) => {}
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("background tasks: no more are claimed");
        });
        Ok(())
    }

    /// Counts a task of `app` that ended bad (timeout, memory, violation, crash), in the background.
    /// The one too many makes the package's clients refuse the app's tasks.
    pub(crate) fn report_bad(&self, app: &str, reason: &str) {
        let (claims, app, reason) = (Arc::clone(&self.claims), app.to_owned(), reason.to_owned());
        tokio::spawn(async move {
            let counted = async { claims.open().await?.bad_task(&app, &reason).await };
            match counted.await {
                Ok(true) => tracing::warn!(app, reason, "background tasks: the app is blacklisted"),
                Ok(false) => {}
                Err(error) => tracing::warn!(
                    app,
                    error = chain(&error),
                    "background tasks: a bad task could not be counted"
                ),
            }
        });
    }
}

async fn serve(claims: &Claims, sweep_every: Duration) {
    let mut pause = PAUSE_MIN;
    loop {
        let since = now();
        let error = match listen(claims, sweep_every).await {
            Ok(never) => match never {},
            Err(error) => error,
        };
        if now() - since > PAUSE_MAX {
            pause = PAUSE_MIN;
        }
        tracing::warn!(
            error = chain(&error),
            pause_ms = pause.as_millis(),
            "background tasks: waiting for Redis to listen again"
        );
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Listens until the connection ends.
async fn listen(claims: &Claims, sweep_every: Duration) -> Result<Infallible, QueueError> {
    let tasks = claims.open().await?;
    let announcements = tasks.subscribe().await?;
    let channel = tasks.channel();
    tracing::info!(channel, "background tasks: listening");
    let listener = Listener {
        tasks,
        since: now(),
        has_claimed: AtomicBool::new(false),
    };
    tokio::select! {
        ended = listener.hear(announcements) => ended,
        ended = listener.sweep(sweep_every) => ended,
    }
}

/// One subscription's life.
struct Listener<'a> {
    tasks: &'a BackgroundTasks,
    since: Instant,
    has_claimed: AtomicBool,
}

impl Listener<'_> {
    /// Claims what is announced, until the connection ends.
    async fn hear(&self, mut announcements: Announcements) -> Result<Infallible, QueueError> {
        loop {
            let heard = tokio::time::timeout(CHECK_EVERY, announcements.next(BATCH_MAX)).await;
            match heard {
                Ok(batch) => self.take(batch?).await?,
                Err(_) => announcements.check().await?,
            }
        }
    }

    async fn take(&self, batch: Vec<Announcement>) -> Result<(), QueueError> {
        let mut ids = Vec::new();
        for announcement in batch {
            match announcement {
                Announcement::Task { id } => ids.push(id),
                Announcement::Broadcast { id, stands } => {
                    self.tasks.note_broadcast(&id, stands).await?;
                }
            }
        }
        if ids.is_empty() {
            return Ok(());
        }
        let claimed = self.tasks.claim(&ids).await?;
        tracing::debug!(heard = ids.len(), claimed, "background tasks: claimed");
        if claimed > 0 {
            self.has_claimed.store(true, Ordering::Relaxed);
        } else if !self.has_claimed.load(Ordering::Relaxed) {
            self.wonder().await?;
        }
        Ok(())
    }

    /// Announcements go to all databases of a server, tasks into one: a worker that hears of a task
    /// and finds none, although nobody else takes any, is not where its clients are.
    async fn wonder(&self) -> Result<(), QueueError> {
        if self.tasks.listeners().await? == 1 {
            // Once is enough.
            self.has_claimed.store(true, Ordering::Relaxed);
            tracing::warn!(
                "background tasks: a task was announced and is not in newtask:normal; its client \
                 may use another database of this Redis, or one of the options baseHash, hashMap \
                 and keyPrefix, which are not supported"
            );
        }
        Ok(())
    }

    /// Claims what nobody has heard of, at once and then now and again.
    async fn sweep(&self, every: Duration) -> Result<Infallible, QueueError> {
        loop {
            let found = self.sweep_once().await?;
            if found <= SWEEP_MAX / 2 {
                tokio::time::sleep(every).await;
            }
        }
    }

    async fn sweep_once(&self) -> Result<usize, QueueError> {
        let ids = self.tasks.waiting(SWEEP_MAX).await?;
        if ids.is_empty() {
            return Ok(0);
        }
        tokio::time::sleep(SWEEP_PATIENCE).await;
        let delete = now() - self.since >= LEFT_AFTER;
        let mut all = Swept::default();
        for ids in ids.chunks(BATCH_MAX) {
            let swept = self.tasks.claim_unheard(ids, delete).await?;
            all.claimed += swept.claimed;
            all.deleted += swept.deleted;
        }
        let Swept { claimed, deleted } = all;
        if claimed > 0 {
            self.has_claimed.store(true, Ordering::Relaxed);
            tracing::info!(claimed, "background tasks: claimed unheard ones");
        }
        if deleted > 0 {
            tracing::warn!(
                deleted,
                "background tasks: deleted those whose clients have gone"
            );
        }
        Ok(claimed + deleted)
    }
}
