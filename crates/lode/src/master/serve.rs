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
use lode_core::{Breaker, JobKey, Time};
use lode_jail::Cgroup;
use lode_queue::{LeaseRef, Leased, Queue};
use lode_store::Store;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{Id, JoinError, JoinSet};

use crate::cli::Log;
use crate::config::Config;
use crate::master::clerk::{Clerk, Filed};
use crate::master::clock::{micros, now, wait_until};
use crate::master::health::{self, Health};
use crate::master::intake::{Intake, IntakeDesk};
use crate::master::shell::Shell;
use crate::outcome::Subject;
use crate::shown::chain;

mod endings;
mod upkeep;

/// How often apps' concurrency caps are carried from the store to the queue.
const CAPS_EVERY: Duration = Duration::from_secs(5);
/// How long a drain waits, after its limit, for the queue to take what is owed to it.
const SETTLE_GRACE: Duration = Duration::from_secs(10);
/// A second signal within this time is the first one's echo.
const SAME_WISH: Duration = Duration::from_secs(2);
/// A batch larger than this would hold jobs that another worker could start sooner.
const LEASE_BATCH_MAX: usize = 64;

/// A job that runs: what its settlement needs.
struct Running {
    lease: LeaseRef,
    subject: Box<Subject>,
    reply_to: Option<String>,
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
    Capped,
}

/// A worker.
pub(crate) struct Server {
    config: Arc<Config>,
    shell: Shell,
    /// Bans apps whose jobs go bad faster than this worker can bear.
    breaker: Breaker,
    /// The breaker's zero.
    origin: Instant,
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
    taking: usize,
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
    ) -> Result<Self> {
        let config = Arc::new(config);
        let mut options = config.shell_options();
        options.cgroup = upkeep::cgroup(&config)?;
        let group = options.cgroup.as_ref().map(Cgroup::describe);
        let group = group.unwrap_or_else(|| "none; each child's memory is watched".to_owned());
        Ok(Self {
            health: Health::starting(config.worker.name.clone(), group),
            shell: Shell::new(options),
            breaker: Breaker::new(config.breaker_options()),
            origin: now(),
            desk: IntakeDesk {
                store,
                egress: config.egress()?,
                config: Arc::clone(&config),
            },
            clerk: Clerk {
                queue,
                worker: config.worker.name.clone(),
            },
            config,
            tasks: JoinSet::new(),
            running: BTreeMap::new(),
            held: BTreeMap::new(),
            leasing: false,
            taking: 0,
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
        let mut extend = tokio::time::interval(lease / 3);
        let mut caps = tokio::time::interval(CAPS_EVERY);
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
                _ = caps.tick() => {
                    self.carry_caps();
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
        if self.leasing || self.draining_since.is_some() || room == 0 {
            return;
        }
        self.leasing = true;
        let clerk = self.clerk.clone();
        self.tasks
            .spawn(async move { Back::Leased(clerk.lease(room).await) });
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
                self.taking -= 1;
                self.taken(lease, attempts, intake);
            }
            Back::Filed(filed) => {
                self.held.remove(&filed.lease.token);
                self.parked.remove(&filed.lease.token);
                self.postponed.remove(&filed.lease.token);
            }
            Back::Extended(results) => {
                for (lease, ours) in results {
                    if !ours {
                        self.lost(&lease);
                    }
                }
            }
            Back::Capped => {}
        }
    }

    fn take(&mut self, leased: Leased) {
        self.held
            .insert(leased.lease.token.clone(), leased.lease.clone());
        self.taking += 1;
        let (desk, record) = (self.desk.clone(), leased.clone());
        let task = self.tasks.spawn(async move {
            let intake = desk.take(&leased).await;
            Back::Taken {
                lease: leased.lease,
                attempts: leased.attempts,
                intake,
            }
        });
        self.reading.insert(task.id(), record);
    }

    /// A task panicked. One that was reading a record has met a bug of ours, which costs that
    /// record its run and nobody else anything.
    fn task_failed(&mut self, error: &JoinError) -> Result<()> {
        let Some(leased) = self.reading.remove(&error.id()) else {
            bail!("a task of the worker failed: {error}");
        };
        tracing::error!(job = leased.lease.job_id, %error, "a record made its intake panic");
        self.taking -= 1;
        let intake = self.desk.give_up(&leased);
        self.taken(leased.lease, leased.attempts, intake);
        Ok(())
    }

    fn taken(&mut self, lease: LeaseRef, attempts: u32, intake: Intake) {
        if self.lost_early.remove(&lease.token) {
            tracing::warn!(
                job = lease.job_id,
                "the lease was lost before the job could start"
            );
            self.held.remove(&lease.token);
            return;
        }
        match intake {
            Intake::Runnable {
                work,
                subject,
                reply_to,
            } => {
                if let Some(ban) = self.breaker.check(&subject.app, self.time()) {
                    let outcome = subject.suspended(&ban);
                    return self.settle(lease, &outcome, reply_to, None);
                }
                let job = self.shell.submit(*work);
                self.running.insert(
                    job,
                    Running {
                        lease,
                        subject,
                        reply_to,
                        attempts,
                    },
                );
            }
            Intake::Refused {
                outcome,
                reply_to,
                dead,
            } => {
                self.settle(lease, &outcome, reply_to, dead);
            }
            Intake::Unavailable(error) => {
                tracing::error!(
                    job = lease.job_id,
                    error = chain(&error),
                    "the store cannot be asked; job handed back"
                );
                self.parked.insert(lease.token.clone());
                self.file(|clerk| async move { clerk.release_later(lease).await });
            }
        }
    }

    /// The time on the breaker's clock.
    fn time(&self) -> Time {
        Time(micros(now() - self.origin))
    }
}
