//! The shell around the pool: every process, socket and clock that the pool decides about.
//!
//! The pool is a pure state machine; this file translates. One event goes in, then everything
//! that the pool wants done is done before the next event is looked at.

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lode_core::{
    Breach, ChildId, Input, JobKey, Output, Pool, PoolOptions, PoolStats, Time, Verdict, ZygoteId,
};
use lode_jail::control::FromZygote;
use lode_jail::{ChildHandle, Layer, LayerState, ZygoteProcess};
use lode_proto::ExitCause;
use lode_proto::message::Done;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use crate::master::child_task::{self, Assignment};
use crate::master::work::{Ended, Fate, Tally, Work};
use crate::master::zygote_task::{self, child_descriptors};

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
    ChildReady {
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
        handle: ChildHandle,
        task: AbortHandle,
        assign: Option<oneshot::Sender<Assignment>>,
    },
    /// Read to its end, or given up. A killed child may still be on its way out.
    Closed,
}

struct JobEntry {
    work: Option<Work>,
    tally: Arc<Tally>,
    submitted: Instant,
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
    pub(crate) fn new(options: PoolOptions, waived: Vec<Layer>) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let mut shell = Self {
            pool: Pool::new(options, Time(0)),
            origin: now(),
            waived,
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

    /// Gives a leased job to the pool; its end comes as [`Happening::Ended`].
    pub(crate) fn submit(&mut self, work: Work) -> JobKey {
        self.next_job += 1;
        let job = JobKey(self.next_job);
        let wall_limit_us = work.run.limits.wall_limit_ms.saturating_mul(1000);
        let idempotent = work.idempotent;
        let entry = JobEntry {
            work: Some(work),
            tally: Arc::default(),
            submitted: now(),
            started: None,
            child: None,
            note: None,
        };
        self.jobs.insert(job, entry);
        self.input(Input::JobLeased {
            job,
            wall_limit_us,
            idempotent,
        });
        job
    }

    /// Somebody else has the job's lease.
    pub(crate) fn lease_lost(&mut self, job: JobKey) {
        self.input(Input::LeaseLost { job });
        if self.jobs.contains_key(&job) {
            self.end(job, Fate::Dropped);
        }
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
            Event::ChildReady { child } => self.input(Input::ChildReady { child }),
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

    fn child_broke(&mut self, child: ChildId, breach: Breach, reason: String) {
        tracing::warn!(
            child = child.0,
            ?breach,
            reason,
            "a child broke its protocol"
        );
        let job = self.children.get(&child).and_then(|entry| entry.job);
        if let Some(job) = job.and_then(|job| self.jobs.get_mut(&job)) {
            job.note = Some(reason);
        }
        self.input(Input::ChildBroke { child, breach });
    }

    // ---- zygotes ----

    fn start_zygote(&mut self, zygote: ZygoteId) {
        match ZygoteProcess::launch() {
            Ok((process, control)) => {
                let (spawns, requests) = mpsc::unbounded_channel();
                let events = self.sender.clone();
                tracing::debug!(zygote = zygote.0, pid = process.pid(), "zygote started");
                self.zygotes.insert(
                    zygote,
                    ZygoteEntry {
                        process,
                        spawns: Some(spawns),
                    },
                );
                tokio::spawn(zygote_task::serve(zygote, control, requests, events));
            }
            Err(error) => {
                tracing::error!(zygote = zygote.0, %error, "the zygote could not be started");
                // As an event, so that the pool is not entered again from inside its own output.
                let _ = self.sender.send(Event::ZygoteGone { zygote });
            }
        }
    }

    fn hear_zygote(&mut self, zygote: ZygoteId, message: FromZygote, fds: Vec<OwnedFd>) {
        match message {
            FromZygote::Ready { layers, guest } => self.zygote_ready(zygote, layers, guest),
            FromZygote::Failed { reason } => {
                tracing::error!(zygote = zygote.0, reason, "the zygote could not go on");
            }
            FromZygote::Spawned { child } => self.child_spawned(ChildId(child), fds),
            FromZygote::SpawnFailed { child, reason } => {
                tracing::warn!(child, reason, "fork failed");
                self.child_exited(ChildId(child), ExitCause::ZygoteLost, 0);
                self.close_link(ChildId(child));
            }
            FromZygote::Exited {
                child,
                status,
                cpu_us,
                rss_peak_kib,
            } => {
                let cause = ExitCause::from_wait_status(status);
                tracing::debug!(child, %cause, cpu_us, rss_peak_kib, "child reaped");
                self.child_exited(ChildId(child), cause, cpu_us);
            }
        }
    }

    fn zygote_ready(&mut self, zygote: ZygoteId, layers: Vec<LayerState>, guest: String) {
        let missing: Vec<LayerState> = layers
            .iter()
            .filter(|state| state.missing.is_some() && !self.waived.contains(&state.layer))
            .cloned()
            .collect();
        if missing.is_empty() {
            self.happenings
                .push_back(Happening::Serving { layers, guest });
            self.input(Input::ZygoteReady { zygote });
        } else {
            self.happenings.push_back(Happening::Refused { missing });
        }
    }

    fn zygote_gone(&mut self, zygote: ZygoteId) {
        self.zygotes.remove(&zygote);
        self.input(Input::ZygoteGone { zygote });
        // Children without a socket are gone silently; the others' sockets close by themselves.
        self.children
            .retain(|_, entry| entry.zygote != zygote || !matches!(entry.link, Link::Requested));
        let orphans: Vec<ChildId> = self
            .children
            .iter()
            .filter(|(_, entry)| entry.zygote == zygote && entry.exit.is_none())
            .map(|(child, _)| *child)
            .collect();
        for child in orphans {
            self.child_exited(child, ExitCause::ZygoteLost, 0);
        }
    }

    // ---- children ----

    fn child_spawned(&mut self, child: ChildId, fds: Vec<OwnedFd>) {
        let Some(entry) = self.children.get_mut(&child) else {
            return;
        };
        let Some((socket, pidfd)) = child_descriptors(fds) else {
            tracing::error!(child = child.0, "a child came without its two descriptors");
            return;
        };
        let (assign, job) = oneshot::channel();
        let task = tokio::spawn(child_task::serve(child, socket, job, self.sender.clone()));
        entry.link = Link::Open {
            handle: ChildHandle::new(pidfd),
            task: task.abort_handle(),
            assign: Some(assign),
        };
        self.input(Input::ChildSpawned { child });
    }

    fn child_exited(&mut self, child: ChildId, cause: ExitCause, cpu_us: u64) {
        if let Some(entry) = self.children.get_mut(&child) {
            entry.exit = Some((cause, cpu_us));
            self.check_gone(child);
        }
    }

    /// Both halves must be known: what the child still said, and how it ended.
    fn check_gone(&mut self, child: ChildId) {
        let Some(entry) = self.children.get(&child) else {
            return;
        };
        if let (Link::Closed, Some((cause, _))) = (&entry.link, entry.exit) {
            self.input(Input::ChildGone { child, cause });
            self.children.remove(&child);
        }
    }

    fn close_link(&mut self, child: ChildId) {
        if let Some(entry) = self.children.get_mut(&child) {
            entry.link = Link::Closed;
            self.check_gone(child);
        }
    }

    fn kill_child(&mut self, child: ChildId) {
        let Some(entry) = self.children.get_mut(&child) else {
            return;
        };
        let Link::Open { handle, task, .. } = &entry.link else {
            return;
        };
        if let Err(error) = handle.kill() {
            tracing::error!(child = child.0, %error, "a child could not be killed");
        }
        // Whatever it still had to say comes too late.
        task.abort();
        // As an event: the pool is not entered again from inside its own output.
        let _ = self.sender.send(Event::ChildClosed { child });
    }

    // ---- jobs ----

    fn start_job(&mut self, child: ChildId, job: JobKey) {
        let Some(entry) = self.jobs.get_mut(&job) else {
            return;
        };
        let Some(work) = entry.work.take() else {
            return;
        };
        entry.started = Some(now());
        entry.child = Some(child);
        if let Some(holder) = self.children.get_mut(&child) {
            holder.job = Some(job);
            if let Link::Open { assign, .. } = &mut holder.link
                && let Some(assign) = assign.take()
            {
                // A closed channel means a closed socket: the child's end is on its way to us.
                let _ = assign.send((work, Arc::clone(&entry.tally)));
            }
        }
    }

    fn end(&mut self, job: JobKey, fate: Fate) {
        let Some(entry) = self.jobs.remove(&job) else {
            return;
        };
        let time = now();
        let child = entry.child.and_then(|child| self.children.get(&child));
        let ended = Ended {
            fate,
            tally: entry.tally,
            dispatch_us: micros(entry.started.unwrap_or(time) - entry.submitted),
            run_us: entry.started.map_or(0, |started| micros(time - started)),
            cpu_us: child
                .and_then(|child| child.exit)
                .map_or(0, |(_, cpu_us)| cpu_us),
            note: entry.note,
        };
        self.happenings.push_back(Happening::Ended { job, ended });
    }

    fn settle(&mut self, job: JobKey, verdict: Verdict) {
        let report = match verdict {
            Verdict::Reported { child } => self
                .children
                .get_mut(&child)
                .and_then(|entry| entry.report.take()),
            Verdict::TimedOut
            | Verdict::OutOfMemory { .. }
            | Verdict::Violation { .. }
            | Verdict::Crashed { .. }
            | Verdict::DrainLimit => None,
        };
        self.end(job, Fate::Settled { verdict, report });
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
                Output::Drained => self.happenings.push_back(Happening::Drained),
            }
        }
    }

    fn request_child(&mut self, zygote: ZygoteId, child: ChildId) {
        let entry = ChildEntry {
            zygote,
            job: None,
            link: Link::Requested,
            report: None,
            exit: None,
        };
        self.children.insert(child, entry);
        if let Some(spawns) = self
            .zygotes
            .get(&zygote)
            .and_then(|entry| entry.spawns.as_ref())
        {
            // A closed channel means a lost zygote, whose end is on its way to us.
            let _ = spawns.send(child);
        }
    }
}

/// The master's clock: the one place of the shell that reads it.
#[expect(
    clippy::disallowed_methods,
    reason = "the shell hands the time to everybody else"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

async fn wait_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
