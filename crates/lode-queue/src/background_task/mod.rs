//! Tasks of npm `background-task` 2.x: its unmodified client submits to workers of Lode.
//!
//! ```text
//! client ── HSET newtask:normal, PUBLISH broadcast:level2 ──► worker: claim (one script)
//!                                                               HGET, HDEL newtask:normal
//!                                                               XADD lode:{q}:in  ─► a durable job
//! client ◄── PUBLISH msgChannels:…, HSET success:normal ─────── settle (one script)
//! ```
//! The package loses a task that no worker hears of, and one whose worker dies. Here a sweep finds
//! the first, and the second is a job like any other. The package's keys have no hash tag, so a
//! claim would span slots of a Redis Cluster: there it is refused.

mod announcement;
mod date;
mod link;

use std::time::Duration;

use redis::{FromRedisValue, Script, cmd};

pub use announcement::Announcement;
use date::js_date;
use link::{Link, Subscription, cluster_refused};

use crate::address::Address;
use crate::clock::now_us;
use crate::error::QueueError;
use crate::limits::{APP_BYTES_MAX, DECODE_BYTES_MAX};
use crate::reply_to::key_prefix;

/// Where clients put new tasks.
const TASKS: &str = "newtask:normal";
/// Bytes of messages that one script claims: bounds the time that it holds Redis.
const CLAIM_BYTES_MAX: usize = 4 << 20;
/// Bytes kept of a message that cannot be read, for the person who looks at it.
const UNREADABLE_BYTES_MAX: usize = 4_096;
/// A broadcast is remembered this much longer than its client lets it stand.
const BROADCAST_SLACK: Duration = Duration::from_secs(60);
/// Lines that the log of one banned key keeps; the package's own grows for ever.
const LOG_LINES_MAX: u32 = 1_000;
/// Bytes of a ban's reason.
const REASON_BYTES_MAX: usize = 300;

/// How background tasks are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackgroundTaskOptions {
    /// The channel that clients announce tasks on. Default `broadcast:level2`, the package's.
    pub channel: String,
    /// A task not started so long after its claim gets `expired`; zero for no such limit.
    pub deadline: Duration,
    /// Bad tasks of one app within `window` that are forgiven; one more bans it, in the package's
    /// keys, so that its clients refuse the app's tasks. Zero bans nobody. Default 10.
    pub bad_tasks: u32,
    /// Default 1 s.
    pub window: Duration,
    /// Default 3,600 s.
    pub ban: Duration,
    /// Whether each bad task beyond the limit is noted in `blacklist:logs:<app>`. Default no.
    pub log_bans: bool,
    /// How long connecting may take. Default 2 s.
    pub connect_timeout: Duration,
}

impl Default for BackgroundTaskOptions {
    fn default() -> Self {
        Self {
            channel: "broadcast:level2".to_owned(),
            deadline: Duration::ZERO,
            bad_tasks: 10,
            window: Duration::from_secs(1),
            ban: Duration::from_secs(3_600),
            log_bans: false,
            connect_timeout: Duration::from_secs(2),
        }
    }
}

/// A handle on the background tasks beside one queue.
#[derive(Debug)]
pub struct BackgroundTasks {
    options: BackgroundTaskOptions,
    link: Link,
    inbox: String,
    broadcasts: String,
    claim: Script,
    note_broadcast: Script,
    bad_task: Script,
}

impl BackgroundTasks {
    /// Opens the tasks beside the queue at `url`, the same address as the queue's. Fails on a Redis
    /// Cluster and on SQLite, where the package's clients cannot be served, and says why.
    pub async fn open(url: &str, options: BackgroundTaskOptions) -> Result<Self, QueueError> {
        let address = Address::parse(url)?;
        let prefix = key_prefix(&address.queue);
        let tasks = Self {
            link: Link::open(&address, options.connect_timeout).await?,
            options,
            inbox: format!("{prefix}in"),
            broadcasts: format!("{prefix}nbt:broadcasts"),
            claim: Script::new(include_str!("lua/claim.lua")),
            note_broadcast: Script::new(include_str!("lua/note_broadcast.lua")),
            bad_task: Script::new(include_str!("lua/bad_task.lua")),
        };
        tasks.refuse_cluster().await?;
        Ok(tasks)
    }

    /// A plain address may lead to a node of a Cluster.
    async fn refuse_cluster(&self) -> Result<(), QueueError> {
        let info: String = self.ask("info", cmd("INFO").arg("server")).await?;
        match info.contains("redis_mode:cluster") {
            true => Err(cluster_refused()),
            false => Ok(()),
        }
    }

    /// Where clients announce their tasks.
    #[must_use]
    pub fn channel(&self) -> &str {
        &self.options.channel
    }

    /// Begins to listen. What was announced before is for [`Self::waiting`] to find.
    pub async fn subscribe(&self) -> Result<Announcements, QueueError> {
        let subscription = self.link.subscribe(&self.options.channel).await?;
        Ok(Announcements { subscription })
    }

    /// Ids of up to `max` tasks that nobody has claimed, in no order; broadcasts among them.
    pub async fn waiting(&self, max: usize) -> Result<Vec<String>, QueueError> {
        let mut command = cmd("HRANDFIELD");
        let ids: Vec<Vec<u8>> = self.ask("waiting", command.arg(TASKS).arg(max)).await?;
        // The package's ids are hexadecimal; a field that is no text is not one of its tasks.
        Ok(ids
            .into_iter()
            .filter_map(|id| String::from_utf8(id).ok())
            .collect())
    }

    /// Claims those of `ids` that are still there and no broadcasts, and enqueues a job for each,
    /// in the same step. Returns how many; those of other workers count for nothing.
    pub async fn claim(&self, ids: &[String]) -> Result<usize, QueueError> {
        Ok(self.claim_as("announced", ids).await?.claimed)
    }

    /// The same for tasks that nobody was told of, but not for those whose client no longer
    /// listens: it will never hear of them, and the package never ran such a task. With `delete`
    /// these are deleted; only the client would do so, and it has gone.
    pub async fn claim_unheard(&self, ids: &[String], delete: bool) -> Result<Swept, QueueError> {
        let mode = if delete { "left" } else { "unheard" };
        self.claim_as(mode, ids).await
    }

    async fn claim_as(&self, mode: &str, ids: &[String]) -> Result<Swept, QueueError> {
        let mut swept = Swept::default();
        let mut rest = ids;
        while !rest.is_empty() {
            let mut call = self.claim.prepare_invoke();
            call.key(&[TASKS, &self.inbox, &self.broadcasts]);
            call.arg(CLAIM_BYTES_MAX)
                .arg(DECODE_BYTES_MAX)
                .arg(APP_BYTES_MAX)
                .arg(UNREADABLE_BYTES_MAX)
                .arg(self.extra())
                .arg(mode)
                .arg(rest);
            let answer = call.invoke_async(&mut self.link.shared()).await;
            let (looked_at, claimed, deleted): (usize, usize, usize) =
                answer.map_err(|error| self.link.failed("claim", &error))?;
            swept.claimed += claimed;
            swept.deleted += deleted;
            // A script that looks at nothing would be asked for ever.
            rest = rest.get(looked_at.max(1)..).unwrap_or_default();
        }
        Ok(swept)
    }

    /// How many connections listen for tasks on the channel, this worker's among them.
    pub async fn listeners(&self) -> Result<u64, QueueError> {
        let mut command = cmd("PUBSUB");
        command.arg("NUMSUB").arg(&self.options.channel);
        let (_, count): (String, u64) = self.ask("listeners", &command).await?;
        Ok(count)
    }

    fn extra(&self) -> String {
        match self.options.deadline.as_millis() {
            0 => String::new(),
            ms => format!(r#","deadline_ms":{ms}"#),
        }
    }

    /// Remembers, for every worker of the queue, that this task is not to be claimed.
    pub async fn note_broadcast(&self, id: &str, stands: Duration) -> Result<(), QueueError> {
        let keep = (stands + BROADCAST_SLACK).as_millis().to_string();
        let mut call = self.note_broadcast.prepare_invoke();
        call.key(&self.broadcasts).arg(id).arg(keep);
        let noted = call.invoke_async::<()>(&mut self.link.shared()).await;
        noted.map_err(|error| self.link.failed("note_broadcast", &error))
    }

    /// A task of this app went bad: counts it as the package's `reportBadTask` does. Returns
    /// whether the app's tasks are refused by their clients now.
    pub async fn bad_task(&self, app: &str, reason: &str) -> Result<bool, QueueError> {
        if self.options.bad_tasks == 0 || app.is_empty() {
            return Ok(false);
        }
        let reason = cut(reason);
        let seconds = u64::try_from(now_us() / 1_000_000).unwrap_or(0);
        let line = match self.options.log_bans {
            true => format!("{}|{reason}", js_date(seconds)),
            false => String::new(),
        };
        let mut call = self.bad_task.prepare_invoke();
        call.key(&ban_keys(app));
        call.arg(self.options.bad_tasks)
            .arg(self.options.window.as_millis().max(1).to_string())
            .arg(self.options.ban.as_millis().max(1).to_string())
            .arg(reason)
            .arg(line)
            .arg(LOG_LINES_MAX);
        let banned: i64 = call
            .invoke_async(&mut self.link.shared())
            .await
            .map_err(|error| self.link.failed("bad_task", &error))?;
        Ok(banned == 1)
    }

    /// Ends the app's ban in the package's keys; `false`: there was none. Its log stays.
    pub async fn lift(&self, app: &str) -> Result<bool, QueueError> {
        let [count, ban, _] = ban_keys(app);
        let mut commands = redis::pipe();
        commands.atomic().del(ban).del(count).ignore();
        let answer = commands.query_async(&mut self.link.shared()).await;
        let (removed,): (i64,) = answer.map_err(|error| self.link.failed("lift", &error))?;
        Ok(removed == 1)
    }

    async fn ask<T: FromRedisValue>(
        &self,
        step: &'static str,
        command: &redis::Cmd,
    ) -> Result<T, QueueError> {
        let answer = command.query_async(&mut self.link.shared()).await;
        answer.map_err(|error| self.link.failed(step, &error))
    }
}

/// What became of tasks that nobody was told of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Those that are jobs now.
    pub claimed: usize,
    /// Those whose clients have gone.
    pub deleted: usize,
}

/// The package's keys: bad tasks, the ban, the log.
fn ban_keys(app: &str) -> [String; 3] {
    [
        format!("blacklist:{app}:count"),
        format!("blacklist:globalBlacklist:{app}"),
        format!("blacklist:logs:{app}"),
    ]
}

/// At most [`REASON_BYTES_MAX`] bytes, and never none: the package takes an empty reason for no ban.
fn cut(reason: &str) -> &str {
    let ends = (0..=REASON_BYTES_MAX.min(reason.len())).rev();
    let end = ends.into_iter().find(|end| reason.is_char_boundary(*end));
    let reason = &reason[..end.unwrap_or(0)];
    if reason.is_empty() {
        "bad task"
    } else {
        reason
    }
}

/// What clients announce, from the moment of subscription on.
#[derive(Debug)]
pub struct Announcements {
    subscription: Subscription,
}

impl Announcements {
    /// The next announcement, and those that are there already, at most `max` in all. An error:
    /// the connection has ended; announcements may have been missed since.
    pub async fn next(&mut self, max: usize) -> Result<Vec<Announcement>, QueueError> {
        let mut batch = Vec::new();
        let mut text = Some(self.subscription.next().await?);
        while let Some(message) = text {
            match Announcement::read(&message) {
                Some(announcement) => batch.push(announcement),
                None => tracing::debug!(message, "no announcement of a task"),
            }
            text = match batch.len() < max {
                true => self.subscription.ready(),
                false => None,
            };
        }
        Ok(batch)
    }

    /// Fails when the server no longer answers on this connection.
    pub async fn check(&self) -> Result<(), QueueError> {
        self.subscription.check().await
    }
}
