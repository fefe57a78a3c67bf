//! The sections of the configuration: each key with its meaning, bounds and default.

use lode_jail::Layer;
use lode_proto::message::Clock;
use serde::{Deserialize, Serialize};

/// `[worker]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WorkerConfig {
    /// The worker's name in outcomes, leases and logs. Default: host name and process id.
    pub(crate) name: String,
    /// Milliseconds that running jobs get to finish after SIGTERM, 0 to 3,600,000. Default 30,000.
    pub(crate) drain_limit_ms: u64,
}

/// `[queue]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct QueueConfig {
    /// Where jobs come from. Default: the embedded queue in the working folder.
    pub(crate) url: String,
    /// Milliseconds a lease lasts unless extended, 100 to 3,600,000. Default 15,000.
    pub(crate) lease_ms: u64,
    /// Jobs of one app that run at one time over all workers, -1 for no limit. Default 5 (Kinvey's).
    pub(crate) app_max_concurrent: i64,
    /// Times that an idempotent job is started, 1 to 100, before it goes to the dead list. Default 3.
    pub(crate) attempts_max: u32,
    /// Milliseconds before an idempotent job is started again after its child died, 1 to 60,000;
    /// doubled each time, up to a minute. Default 1,000.
    pub(crate) retry_backoff_ms: u64,
    /// Milliseconds without a sign of life, 1,000 to 600,000, after which the other workers take a
    /// worker's jobs from it. Default 3,000.
    pub(crate) worker_timeout_ms: u64,
    /// Workers lost while they ran one idempotent job, 1 to 100, after which it is taken for the
    /// cause and goes to the dead list. Default 2.
    pub(crate) poison_losses: u32,
    /// Live jobs (waiting, delayed, running) that one app may have, -1 for no bound; more are
    /// answered with `queue_full`. Default 100,000.
    pub(crate) app_queue_max: i64,
    /// Live jobs of all apps together, -1 for no bound. Default 1,000,000.
    pub(crate) queue_max: i64,
    /// Seconds that the outcome of a job with an id of its own is kept, 0 to 604,800: for
    /// `lode queue result`, and for whoever sends the same id again. Default 120.
    pub(crate) result_ttl_s: u64,
    /// Whether this worker brings the store's schedules to its queue. Default yes; no for the workers
    /// of a second queue on one store, where each schedule would fire in both.
    pub(crate) schedules: bool,
}

/// `[store]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StoreConfig {
    /// Apps, hooks and documents: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/DATABASE` for
    /// workers of several machines. Default: SQLite in the working folder.
    pub(crate) url: String,
    /// Connections of this process to Postgres for documents, 1 to 500; two more are for apps and
    /// hooks. `connections` in the address goes before it. SQLite has four readers and a writer.
    /// Default 16.
    pub(crate) connections: usize,
    /// Milliseconds that one operation on documents may run before it is undone, 100 to 9,000; for
    /// Postgres the statement timeout as well. Default 4,000.
    pub(crate) operation_ms: u64,
}

/// `[pool]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PoolConfig {
    /// Children alive at one time, 1 to 10,000. Default 8.
    pub(crate) max_children: usize,
    /// Children kept ready, 1 to 10,000; never more than `max_children`. Default 4.
    pub(crate) warm: usize,
    /// Forks after which the zygote is replaced, 1 up. Default 10,000.
    pub(crate) zygote_forks_max: u64,
    /// Seconds after which the zygote is replaced, 1 up. Default 1,800.
    pub(crate) zygote_age_max_s: u64,
    /// Children of this worker that run jobs of one app at one time, 0 for all but the reserve.
    /// Default 0.
    pub(crate) app_share: usize,
    /// Children kept free for apps that run nothing in this worker, less than `max_children`. Default 1.
    pub(crate) reserve: usize,
}

/// `[jail]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct JailConfig {
    /// Layers that may be missing on this host; see `lode doctor` for their names. Default: none.
    pub(crate) waive: Vec<Layer>,
    /// Added to the kernel's score for whom to kill when memory runs out, 0 to 1,000. Default 500.
    pub(crate) oom_score_adj: u32,
    /// Steps by which children weigh less than the master on a busy processor, 0 to 19. Default 5.
    pub(crate) nice: u32,
    /// Whether the worker's children are put into a control group of their own: `auto` where the
    /// host gives one, `require`, or `off`. Default `auto`.
    pub(crate) cgroup: CgroupMode,
    /// Bytes that all children of this worker may use together, in their control group; 0 for what
    /// `pool.max_children` jobs at their default limits need. Default 0.
    pub(crate) memory_max_bytes: u64,
    /// Weight of the control group on a busy processor, 1 to 10,000, where others have 100. Default 50.
    pub(crate) cpu_weight: u64,
    /// Processor time of the control group in percent of one processor, 0 for no bound. Default 0.
    pub(crate) cpu_max_percent: u64,
    /// Milliseconds between two looks at the memory of each running child, 10 to 60,000, 0 for none.
    /// Default 250.
    pub(crate) memory_watch_ms: u64,
}

/// `jail.cgroup`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CgroupMode {
    /// Where the host gives one.
    #[default]
    Auto,
    /// A host that does not give one is not served on.
    Require,
    /// Never.
    Off,
}

/// `[jobs]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct JobsConfig {
    /// Whether a job may bring its own `script`. Default no: whoever can enqueue could run code.
    pub(crate) allow_inline_script: bool,
    /// Whether hooks may send HTTP requests, to the hosts that their app's `http_hosts` name, within
    /// the bounds of `[egress]`. Default no.
    pub(crate) allow_http_requests: bool,
    /// Whether hooks may make code from strings (`eval`, `Function`). Default yes, as in Kinvey.
    pub(crate) code_from_strings: bool,
    /// What hooks see of the time: `exact`; `coarse`, in steps of 100 ms; or `frozen` at the start
    /// of the job. Default `exact`.
    pub(crate) clock: Clock,
}

/// `[breaker]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BreakerConfig {
    /// Bad jobs of one app within the window, over all workers, after which the next one suspends
    /// the app; 0 for never. Default 10 (Kinvey's). Bad are timeouts, violations, memory limits and
    /// crashes, not exceptions.
    pub(crate) bad_jobs: u32,
    /// Milliseconds of the window, 1 to 3,600,000. Default 1,000 (Kinvey's).
    pub(crate) window_ms: u64,
    /// Seconds that the app stays suspended, 1 to 604,800. Default 3,600 (Kinvey's).
    pub(crate) ban_s: u64,
}

/// `[outbox]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OutboxConfig {
    /// Times that an email or push message is tried, 1 to 1,000, before it is `failed`. Default 12,
    /// which with the default backoff is about three hours.
    pub(crate) attempts_max: u32,
    /// Milliseconds before the second try, 1 to 3,600,000; doubled each time, up to an hour.
    /// Default 5,000.
    pub(crate) retry_backoff_ms: u64,
    /// Emails and push messages that this worker sends at one time, 1 to 1,000. Default 8.
    pub(crate) senders: usize,
    /// Of each app: effects that may wait to be sent, more are refused; and those kept afterwards,
    /// the newest. 1 to 1,000,000. Default 10,000.
    pub(crate) app_max: usize,
    /// Seconds that effects are kept which nobody will send any more, 0 to 31,536,000. Default
    /// 604,800, a week.
    pub(crate) keep_s: u64,
}

/// `[logs]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogsConfig {
    /// Log lines of hooks that the store keeps of each app, the newest, up to 10,000,000; 0 for none.
    /// Looked after once a minute. Default 10,000.
    pub(crate) app_lines_max: usize,
    /// Seconds that they are kept, 0 to 31,536,000. Default 604,800, a week.
    pub(crate) keep_s: u64,
}

/// `[http]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HttpConfig {
    /// Address for `/healthz` and `/readyz`, such as `127.0.0.1:7080`. Default none.
    pub(crate) listen: String,
}

/// `[nbt]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NbtConfig {
    /// Whether clients of npm `background-task` 2.x are served, on the queue's Redis. Default no.
    pub(crate) enabled: bool,
    /// The channel on which they announce tasks. Default `broadcast:level2` (the package's).
    pub(crate) channel: String,
    /// Milliseconds between two looks for tasks that no worker has heard of, 100 to 3,600,000.
    /// Default 5,000.
    pub(crate) sweep_ms: u64,
    /// Milliseconds after which a claimed task that has not started is `expired`, up to
    /// 31,536,000,000; 0 for never. Default 0: the client's own timeout is not known here.
    pub(crate) deadline_ms: u64,
    /// Whether bad tasks beyond `breaker.bad_jobs` are noted in `blacklist:logs:<app>`. Default no.
    pub(crate) log_bans: bool,
}

/// `[tcp_runner]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TcpRunnerConfig {
    /// Address for the task runner's protocol, such as `127.0.0.1:7000`; whoever reaches it can
    /// enqueue. Default none.
    pub(crate) listen: String,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogConfig {
    /// `error`, `warn`, `info`, `debug`, or a filter such as `info,lode_queue=debug`. Default `info`.
    pub(crate) level: String,
    /// One JSON object a line instead of text. Default no.
    pub(crate) json: bool,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            drain_limit_ms: 30_000,
        }
    }
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            url: "sqlite:lode-queue.sqlite".to_owned(),
            lease_ms: 15_000,
            app_max_concurrent: 5,
            attempts_max: 3,
            retry_backoff_ms: 1_000,
            worker_timeout_ms: 3_000,
            poison_losses: 2,
            app_queue_max: 100_000,
            queue_max: 1_000_000,
            result_ttl_s: 120,
            schedules: true,
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: "sqlite:lode.sqlite".to_owned(),
            connections: 16,
            operation_ms: 4_000,
        }
    }
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            max_children: 8,
            warm: 4,
            zygote_forks_max: 10_000,
            zygote_age_max_s: 1_800,
            app_share: 0,
            reserve: 1,
        }
    }
}

impl Default for JailConfig {
    fn default() -> Self {
        Self {
            waive: Vec::new(),
            oom_score_adj: 500,
            nice: 5,
            cgroup: CgroupMode::default(),
            memory_max_bytes: 0,
            cpu_weight: 50,
            cpu_max_percent: 0,
            memory_watch_ms: 250,
        }
    }
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self {
            allow_inline_script: false,
            allow_http_requests: false,
            code_from_strings: true,
            clock: Clock::default(),
        }
    }
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            bad_jobs: 10,
            window_ms: 1_000,
            ban_s: 3_600,
        }
    }
}

impl Default for OutboxConfig {
    fn default() -> Self {
        Self {
            attempts_max: 12,
            retry_backoff_ms: 5_000,
            senders: 8,
            app_max: 10_000,
            keep_s: 604_800,
        }
    }
}

impl Default for LogsConfig {
    fn default() -> Self {
        Self {
            app_lines_max: 10_000,
            keep_s: 604_800,
        }
    }
}

impl Default for NbtConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            channel: "broadcast:level2".to_owned(),
            sweep_ms: 5_000,
            deadline_ms: 0,
            log_bans: false,
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            json: false,
        }
    }
}
