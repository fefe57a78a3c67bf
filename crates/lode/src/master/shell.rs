//! The shell around the pool: every process, socket and clock that the pool decides about.
//!
//! The pool is a pure state machine; this file translates. One event goes in, then everything
//! that the pool wants done is done before the next event is looked at.

use std::collections::{BTreeMap, VecDeque};
use std::hash::RandomState;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lode_core::{
    Breach, ChildId, Input, JobKey, Output, Pool, PoolOptions, PoolStats, Time, ZygoteId,
};
use lode_jail::control::FromZygote;
use lode_jail::{
    Cgroup, ChildHandle, ForbiddenCall, JailSettings, Layer, LayerState, ZygoteProcess,
};
use lode_proto::ExitCause;
use lode_proto::limits::FINISH_MS_MAX;
use lode_proto::message::Done;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{Interval, MissedTickBehavior};

use crate::master::child_task::Assignment;
use crate::master::clock::{micros, now, wait_until};
use crate::master::work::{Ended, Fate, Tally, Work};

mod jobs;
mod processes;
mod watch;

/// What a shell is made of.
#[derive(Debug)]
pub(crate) struct ShellOptions {
    pub(crate) pool: PoolOptions,
    /// Layers of the jail that may be missing.
    pub(crate) waived: Vec<Layer>,
    /// What each zygote begins with.
    pub(crate) jail: JailSettings,
    /// The control group of all children.
    pub(crate) cgroup: Option<Cgroup>,
    /// Between two looks at the memory of each running child.
    pub(crate) memory_watch: Option<Duration>,
}

impl ShellOptions {
    /// For one job of a developer, and for looking at the host.
    pub(crate) fn alone() -> Self {
        Self {
            pool: PoolOptions {
                max_children: 1,
                warm: 1,
                ..PoolOptions::default()
            },
            waived: Layer::ALL.to_vec(),
            jail: JailSettings {
                oom_score_adj: 500,
                nice: 0,
            },
            cgroup: None,
            memory_watch: None,
        }
    }
}

/// What the tasks around the shell tell it.
#[derive(Debug)]
pub(crate) enum Event {
    FromZygote {
        zygote: ZygoteId,
        message: FromZygote,
        fds: Vec<OwnedFd>,
    },
    ZygoteGone {
        zygote: ZygoteId,
    },
    /// Forbidden calls of this zygote's processes are heard no more, although there are some.
    ZygoteUnheard {
        zygote: ZygoteId,
    },
    /// A process of this zygote's made a call that its filter does not allow.
    ForbiddenCall {
        zygote: ZygoteId,
        call: ForbiddenCall,
    },
    ChildReady {
        child: ChildId,
    },
    /// The child has made its first host call.
    HostCalls {
        child: ChildId,
    },
    ChildReported {
        child: ChildId,
    },
    ChildDone {
        child: ChildId,
        done: Box<Done>,
    },
    ChildBroke {
        child: ChildId,
        breach: Breach,
        reason: String,
    },
    ChildClosed {
        child: ChildId,
    },
}

/// What the shell tells its owner.
#[derive(Debug)]
pub(crate) enum Happening {
    /// Something has moved: look at [`Shell::wants_jobs`] again.
    Moved,
    /// A zygote serves; these are its layers and its guest's description.
    Serving {
        layers: Vec<LayerState>,
        guest: String,
    },
    /// The host cannot give layers that are not waived: there is no going on.
    Refused { missing: Vec<LayerState> },
    /// A job has left the pool.
    Ended { job: JobKey, ended: Ended },
    /// The drain is over.
    Drained,
}

struct ZygoteEntry {
    // Held for its destructor, which ends the zygote and all its children.
    process: ZygoteProcess,
    spawns: Option<mpsc::UnboundedSender<ChildId>>,
}

struct ChildEntry {
    zygote: ZygoteId,
    job: Option<JobKey>,
    /// Its process, from when it was spawned until it is reaped.
    handle: Option<ChildHandle>,
    /// We have killed it.
    killed: bool,
    /// What it did that it must not do was seen, and its end is only a matter of time.
    broken: bool,
    link: Link,
    report: Option<Box<Done>>,
    /// The kernel's account: cause and CPU time in microseconds.
    exit: Option<(ExitCause, u64)>,
}

/// How the shell is connected to a child.
enum Link {
    /// Asked for; its socket has not come.
    Requested,
    /// Its task reads the socket; a job can be assigned through `assign`, once.
    Open {
        task: AbortHandle,
        assign: Option<oneshot::Sender<Assignment>>,
    },
    /// Read to its end, or given up. A killed child may still be on its way out.
    Closed,
}

struct JobEntry {
    work: Option<Work>,
    tally: Arc<Tally>,
    leased_at: Instant,
    memory_limit_bytes: u64,
    cpu_limit_us: u64,
    started: Option<Instant>,
    child: Option<ChildId>,
    /// What the child did that it must not do, in words.
    note: Option<String>,
}

/// See the file's head.
pub(crate) struct Shell {
    pool: Pool,
    origin: Instant,
    waived: Vec<Layer>,
    jail: JailSettings,
    cgroup: Option<Cgroup>,
    /// Kills in the control group for want of memory that have been accounted for.
    memory_kills: u64,
    /// A zygote of ours has served: what it had, the host gives.
    served: bool,
    memory_watch: Option<Interval>,
    /// Makes keys of apps and hooks; its own in each process, so that nobody can aim for one.
    hasher: RandomState,
    events: mpsc::UnboundedReceiver<Event>,
    sender: mpsc::UnboundedSender<Event>,
    zygotes: BTreeMap<ZygoteId, ZygoteEntry>,
    children: BTreeMap<ChildId, ChildEntry>,
    jobs: BTreeMap<JobKey, JobEntry>,
    next_job: u64,
    happenings: VecDeque<Happening>,
}

impl Shell {
    /// A shell that starts its first zygote with the first call of [`Shell::next`]. Must be used
    /// on a thread that lives as long as the process (the zygote's death is tied to it).
    pub(crate) fn new(options: ShellOptions) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let mut shell = Self {
            pool: Pool::new(options.pool, Time(0)),
            origin: now(),
            waived: options.waived,
            jail: options.jail,
            memory_kills: options.cgroup.as_ref().map_or(0, Cgroup::memory_kills),
            cgroup: options.cgroup,
            served: false,
            memory_watch: options.memory_watch.map(|period| {
                let mut watch = tokio::time::interval(period);
                watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
                watch
            }),
            hasher: RandomState::new(),
            events,
            sender,
            zygotes: BTreeMap::new(),
            children: BTreeMap::new(),
            jobs: BTreeMap::new(),
            next_job: 0,
            happenings: VecDeque::new(),
        };
        shell.carry_out();
        shell
    }

    /// How many jobs may be submitted right now.
    pub(crate) fn wants_jobs(&self) -> usize {
        self.pool.wants_jobs()
    }

    pub(crate) fn stats(&self) -> PoolStats {
        self.pool.stats()
    }

    /// Takes no more jobs, lets running ones finish, then says [`Happening::Drained`].
    pub(crate) fn drain(&mut self, limit: Duration) {
        self.input(Input::Drain {
            limit_us: micros(limit),
        });
    }

    /// Waits for something that the owner must know. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Happening {
        loop {
            if let Some(happening) = self.happenings.pop_front() {
                return happening;
            }
            let timeout = self.pool.poll_timeout().map(|time| self.to_instant(time));
            tokio::select! {
                biased;
                event = self.events.recv() => {
                    if let Some(event) = event {
                        self.handle(event);
                        self.happenings.push_back(Happening::Moved);
                    }
                }
                () = tick(&mut self.memory_watch) => self.watch_memory(),
                () = wait_until(timeout) => {
                    let time = self.time();
                    self.pool.handle_timeout(time);
                    self.carry_out();
                    self.happenings.push_back(Happening::Moved);
                }
            }
        }
    }

    fn time(&self) -> Time {
        Time(micros(now() - self.origin))
    }

    fn to_instant(&self, time: Time) -> Instant {
        self.origin + Duration::from_micros(time.0)
    }

    fn input(&mut self, input: Input) {
        let time = self.time();
        self.pool.handle_input(input, time);
        self.carry_out();
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::FromZygote {
                zygote,
                message,
                fds,
            } => self.hear_zygote(zygote, message, fds),
            Event::ZygoteGone { zygote } => self.zygote_gone(zygote),
            Event::ForbiddenCall { zygote, call } => self.forbidden_call(zygote, call),
            Event::ZygoteUnheard { zygote } => {
                // Its children would get an error for a forbidden call, and go on.
                if let Some(entry) = self.zygotes.get_mut(&zygote) {
                    entry.process.kill();
                }
            }
            Event::HostCalls { child } => self.input(Input::HostCallStarted { child }),
            Event::ChildReady { child } => self.input(Input::ChildReady { child }),
            Event::ChildReported { child } => {
                let finish_limit_us = FINISH_MS_MAX * 1000;
                self.input(Input::ChildReported {
                    child,
                    finish_limit_us,
                });
            }
            Event::ChildDone { child, done } => {
                if let Some(entry) = self.children.get_mut(&child) {
                    entry.report = Some(done);
                    self.input(Input::ChildDone { child });
                }
            }
            Event::ChildBroke {
                child,
                breach,
                reason,
            } => self.child_broke(child, breach, reason),
            Event::ChildClosed { child } => self.close_link(child),
        }
    }

    /// Does everything that the pool wants done.
    fn carry_out(&mut self) {
        while let Some(output) = self.pool.poll_output() {
            match output {
                Output::StartZygote { zygote } => self.start_zygote(zygote),
                Output::StopZygote { zygote } => {
                    if let Some(entry) = self.zygotes.get_mut(&zygote) {
                        entry.spawns = None; // its task closes the control socket
                    }
                }
                Output::KillZygote { zygote } => {
                    if let Some(entry) = self.zygotes.get_mut(&zygote) {
                        entry.process.kill();
                    }
                }
                Output::SpawnChild { zygote, child } => self.request_child(zygote, child),
                Output::KillChild { child } => self.kill_child(child),
                Output::StartJob { child, job } => self.start_job(child, job),
                Output::Settle { job, verdict } => self.settle(job, verdict),
                Output::Retry { job, cause } => self.end(job, Fate::Retry(cause)),
                Output::Release { job } => self.end(job, Fate::Released),
                Output::Postpone { job } => self.end(job, Fate::Postponed),
                Output::Drained => self.happenings.push_back(Happening::Drained),
            }
        }
    }
}

async fn tick(interval: &mut Option<Interval>) {
    match interval {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}
