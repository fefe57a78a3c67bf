//! The worker's loop: lease what can be started, run it, settle it once, extend what runs.
//!
//! ```text
//! lease ─► intake ─► shell (pool) ─► settle        each step a task; this loop only connects them
//!            └─ cannot be run ───────► settle
//! ```
//! Every leased job is in `held` from lease to settlement, so that its lease is extended and a
//! shutdown knows what it still owes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use lode_core::JobKey;
use lode_jail::Cgroup;
use lode_queue::{Ban, LeaseRef, Leased, Queue, Settle, Tended};
use lode_store::Store;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{Id, JoinSet};
use tokio::time::MissedTickBehavior;

use crate::cli::Log;
use crate::config::Config;
use crate::master::bans::Bans;
use crate::master::carrier::Carrier;
use crate::master::clerk::{Clerk, Filed};
use crate::master::clock::{now, wait_until};
use crate::master::health::{self, Health};
use crate::master::intake::{Intake, IntakeDesk, Recipient};
use crate::master::outlets::Outlets;
use crate::master::reach::Reach;
use crate::master::shell::Shell;
use crate::nbt::Nbt;
use crate::outcome::Subject;

mod endings;
mod taking;
mod tending;
mod upkeep;

/// How often the queue is tended when there is nothing to do at once.
const TEND_EVERY: Duration = Duration::from_millis(250);
/// How often apps' quotas and schedules are read, and carried to the queue when they have changed.
const CARRY_EVERY: Duration = Duration::from_secs(5);
/// How long a drain waits, after its limit, for the queue to take what is owed to it.
const SETTLE_GRACE: Duration = Duration::from_secs(10);
/// Leases are looked after at least so often, however long they last: it is how a worker learns
/// that it has lost one.
const EXTEND_EVERY_MAX: Duration = Duration::from_secs(5);
/// A second signal within this time is the first one's echo.
const SAME_WISH: Duration = Duration::from_secs(2);
/// Jobs that only wait to be settled which this worker holds at one time, each with its outcome.
const UNRUNNABLE_MAX: usize = 400;
/// With so many of them at hand, the queue is tended for its beat only: settling comes first.
const UNRUNNABLE_ENOUGH: usize = 100;
/// How long an app is not asked for after the pool had no room for one of its jobs, unless another
/// of them ends before.
const CROWDED: Duration = Duration::from_secs(1);
/// A batch larger than this would hold jobs that another worker could start sooner.
const LEASE_BATCH_MAX: usize = 64;

/// A job that runs: what its settlement needs.
struct Running {
    lease: LeaseRef,
    subject: Box<Subject>,
    recipient: Recipient,
    /// How often the job has been started, this time included.
    attempts: u32,
}

/// What the tasks of this loop bring back.
enum Back {
    Leased(Vec<Leased>),
    Taken {
        lease: LeaseRef,
        attempts: u32,
        intake: Intake,
    },
    Filed(Filed),
    Extended(Vec<(LeaseRef, bool)>),
    Tended(Option<Tended>),
    /// The breaker has taken note; then comes the settlement of the job that was bad.
    Noted {
        ban: Option<Ban>,
        then: Option<(LeaseRef, Settle)>,
    },
    Carried(Box<Carrier>),
    Fired,
}

/// A worker.
pub(crate) struct Server {
    config: Arc<Config>,
    /// Counts tasks of npm `background-task` that go bad, whoever claimed them.
    nbt: Nbt,
    shell: Shell,
    bans: Bans,
    /// What is said over HTTP.
    health: Health,
    desk: IntakeDesk,
    clerk: Clerk,
    tasks: JoinSet<Back>,
    running: BTreeMap<JobKey, Running>,
    /// Leases by token, from lease to settlement. Not by job: after a stall one job may be held
    /// under two leases, of which one is lost.
    held: BTreeMap<String, LeaseRef>,
    leasing: bool,
    /// The queue is being tended.
    tending: bool,
    /// The queue has more to do than was done the last time.
    tend_more: bool,
    /// The queue did not answer the last time.
    tend_failed: bool,
    /// The queue's clock at its last answer, in milliseconds since 1970.
    queue_ms: Option<u64>,
    /// When the queue was tended last.
    tended_at: Instant,
    /// Away while it carries.
    carrier: Option<Box<Carrier>>,
    /// Records that are being taken in and may run.
    taking: usize,
    /// Leases of jobs that only wait to be settled, by token.
    unrunnable: BTreeSet<String>,
    /// Apps of which the pool had no room for a job, and until when they are not asked for.
    crowded: BTreeMap<String, Instant>,
    /// Schedules whose text could not be read, which has been said.
    unreadable: BTreeSet<String>,
    /// The records that are being taken in, by task.
    reading: HashMap<Id, Leased>,
    /// Tokens of jobs that wait to be handed back because the store does not answer.
    parked: BTreeSet<String>,
    /// Tokens of jobs that the pool had no room for, until they are handed back.
    postponed: BTreeSet<String>,
    /// Tokens of jobs whose lease was lost while their records were being read.
    lost_early: BTreeSet<String>,
    drained: bool,
    draining_since: Option<Instant>,
}

impl Server {
    /// A worker that leases as soon as its first child is ready.
    pub(crate) fn new(
        config: Config,
        store: Arc<dyn Store>,
        queue: Arc<dyn Queue>,
        nbt: Nbt,
        outlets: Outlets,
    ) -> Result<Self> {
        let config = Arc::new(config);
        let mut options = config.shell_options();
        options.cgroup = upkeep::cgroup(&config)?;
        let group = options.cgroup.as_ref().map(Cgroup::describe);
        let group = group.unwrap_or_else(|| "none; each child's memory is watched".to_owned());
        let reach = Reach::default();
        Ok(Self {
            health: Health::starting(config.worker.name.clone(), group, reach.clone()),
            shell: Shell::new(options),
            bans: Bans::default(),
            carrier: Some(Box::new(Carrier::new(
                Arc::clone(&store),
                config.queue.schedules,
            ))),
            desk: IntakeDesk {
                store,
                queue: Arc::clone(&queue),
                egress: config.egress()?,
                outlets,
                config: Arc::clone(&config),
            },
            clerk: Clerk {
                queue,
                worker: config.worker.name.clone(),
                reach,
                failed_leases: Arc::default(),
            },
            config,
            nbt,
            tasks: JoinSet::new(),
            running: BTreeMap::new(),
            held: BTreeMap::new(),
            leasing: false,
            tending: false,
            tend_more: false,
            tend_failed: false,
            queue_ms: None,
            tended_at: now(),
            taking: 0,
            unrunnable: BTreeSet::new(),
            crowded: BTreeMap::new(),
            unreadable: BTreeSet::new(),
            reading: HashMap::new(),
            parked: BTreeSet::new(),
            postponed: BTreeSet::new(),
            lost_early: BTreeSet::new(),
            drained: false,
            draining_since: None,
        })
    }

    /// Serves until a signal ends it.
    pub(crate) async fn run(mut self, log: &Log) -> Result<ExitCode> {
        health::listen(&self.config.http.listen, self.health.clone()).await?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let lease = Duration::from_millis(self.config.queue.lease_ms);
        let mut extend = tokio::time::interval((lease / 3).min(EXTEND_EVERY_MAX));
        let mut tend = tokio::time::interval(TEND_EVERY);
        tend.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut carry = tokio::time::interval(CARRY_EVERY);
        let mut dropped = 0;
        while !self.is_finished() {
            self.lease_more();
            let leave_by = self.leave_by();
            tokio::select! {
                happening = self.shell.next() => self.happened(happening)?,
                Some(back) = self.tasks.join_next_with_id() => match back {
                    Ok((task, back)) => {
                        self.reading.remove(&task);
                        self.came_back(back);
                    }
                    Err(error) => self.task_failed(&error)?,
                },
                _ = extend.tick() => self.extend(),
                _ = tend.tick() => self.tend(),
                _ = carry.tick() => {
                    self.carry();
                    self.show_health();
                    let lines = log.dropped_lines();
                    if lines > dropped {
                        let lines = lines - std::mem::replace(&mut dropped, lines);
                        tracing::warn!(lines, "lines of the log were dropped: nobody takes them");
                    }
                }
                () = wait_until(leave_by) => bail!(
                    "the queue did not answer: {} jobs come back when their leases end",
                    self.held.len()
                ),
                _ = terminate.recv() => self.drain("SIGTERM")?,
                _ = interrupt.recv() => self.drain("SIGINT")?,
            }
        }
        self.clerk.leave().await;
        tracing::info!(stats = ?self.shell.stats(), "drained");
        Ok(ExitCode::SUCCESS)
    }

    fn is_finished(&self) -> bool {
        self.drained && self.tasks.is_empty() && self.held.is_empty()
    }

    /// When, in a drain, even a queue that does not answer is waited for no longer.
    fn leave_by(&self) -> Option<Instant> {
        let limit = Duration::from_millis(self.config.worker.drain_limit_ms);
        self.draining_since
            .map(|since| since + limit + SETTLE_GRACE)
    }

    fn drain(&mut self, why: &str) -> Result<()> {
        let time = now();
        if let Some(since) = self.draining_since {
            // One wish may arrive twice: supervisors signal the process and then its group.
            if time - since < SAME_WISH {
                return Ok(());
            }
            bail!(
                "a second signal ({why}): leaving at once; leased jobs come back when their leases end"
            );
        }
        tracing::info!(why, running = self.running.len(), "draining");
        let limit = Duration::from_millis(self.config.worker.drain_limit_ms);
        self.draining_since = Some(time);
        self.health.draining();
        self.shell.drain(limit);
        Ok(())
    }

    /// Leases as many jobs as can be started now, and no more.
    fn lease_more(&mut self) {
        // An app that may not use an idle child must not have its whole queue pass through here: a
        // few of its jobs on their way back are enough. Others' jobs are then late by a second.
        let hoarded = self
            .postponed
            .len()
            .saturating_sub(2 * self.config.pool.max_children);
        let busy = self.taking + self.parked.len() + hoarded;
        let room = self
            .shell
            .wants_jobs()
            .saturating_sub(busy)
            .min(LEASE_BATCH_MAX);
        // A worker that has not tended the queue yet is not known to live, and knows no bans.
        let is_new = self.queue_ms.is_none();
        if self.leasing || self.draining_since.is_some() || is_new || room == 0 {
            return;
        }
        self.leasing = true;
        let time = now();
        self.crowded.retain(|_, until| *until > time);
        let not_of: Vec<String> = self.crowded.keys().cloned().collect();
        let clerk = self.clerk.clone();
        self.tasks
            .spawn(async move { Back::Leased(clerk.lease(room, &not_of).await) });
    }

    fn came_back(&mut self, back: Back) {
        match back {
            Back::Leased(batch) => {
                self.leasing = false;
                for leased in batch {
                    self.take(leased);
                }
            }
            Back::Taken {
                lease,
                attempts,
                intake,
            } => {
                self.was_read(&lease);
                self.taken(lease, attempts, intake);
            }
            Back::Filed(filed) => {
                self.held.remove(&filed.lease.token);
                self.parked.remove(&filed.lease.token);
                self.postponed.remove(&filed.lease.token);
                self.unrunnable.remove(&filed.lease.token);
                self.tend_on();
            }
            Back::Extended(results) => {
                for (lease, ours) in results {
                    if !ours {
                        self.lost(&lease);
                    }
                }
            }
            Back::Tended(tended) => self.tended(tended),
            Back::Noted { ban, then } => self.noted(ban, then),
            Back::Carried(carrier) => self.carrier = Some(carrier),
            Back::Fired => {}
        }
    }
}
