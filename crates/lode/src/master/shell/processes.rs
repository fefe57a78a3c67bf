//! The shell's zygotes and children: started, heard, killed, given up.

use std::os::fd::OwnedFd;

use lode_core::{Breach, ChildId, Input, ZygoteId};
use lode_jail::control::FromZygote;
use lode_jail::{ChildHandle, LayerState, Listener, ZygoteProcess};
use lode_proto::ExitCause;
use tokio::sync::{mpsc, oneshot};

use super::{ChildEntry, Event, Happening, Link, Shell, ZygoteEntry};
use crate::master::child_task;
use crate::master::zygote_task::{self, child_descriptors};
use crate::shown::chain;

impl Shell {
    // ---- zygotes ----

    pub(super) fn start_zygote(&mut self, zygote: ZygoteId) {
        match ZygoteProcess::launch(self.jail, self.cgroup.as_ref()) {
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
                tracing::error!(
                    zygote = zygote.0,
                    error = chain(&error),
                    "the zygote could not be started"
                );
                // As an event, so that the pool is not entered again from inside its own output.
                let _ = self.sender.send(Event::ZygoteGone { zygote });
            }
        }
    }

    pub(super) fn hear_zygote(&mut self, zygote: ZygoteId, message: FromZygote, fds: Vec<OwnedFd>) {
        match message {
            FromZygote::Ready { layers, guest } => self.zygote_ready(zygote, layers, guest, fds),
            FromZygote::Failed { reason } => {
                tracing::error!(zygote = zygote.0, reason, "the zygote could not go on");
            }
            FromZygote::Spawned { child } => self.child_spawned(ChildId(child), fds),
            FromZygote::SpawnFailed { child, reason } => {
                tracing::warn!(child, reason, "fork failed");
                self.child_exited(ChildId(child), ExitCause::ForkFailed, 0);
                self.close_link(ChildId(child));
            }
            FromZygote::Exited {
                child,
                status,
                cpu_us,
                rss_peak_kib,
            } => {
                let cause = self.judge(ChildId(child), status, cpu_us, rss_peak_kib << 10);
                if cause.is_suspicious() {
                    let job = self
                        .children
                        .get(&ChildId(child))
                        .and_then(|entry| entry.job);
                    tracing::warn!(
                        child,
                        ?job,
                        %cause,
                        "a suspicious death: its zygote is replaced"
                    );
                }
                tracing::debug!(child, %cause, cpu_us, rss_peak_kib, "child reaped");
                self.child_exited(ChildId(child), cause, cpu_us);
            }
        }
    }

    pub(super) fn zygote_ready(
        &mut self,
        zygote: ZygoteId,
        layers: Vec<LayerState>,
        guest: String,
        fds: Vec<OwnedFd>,
    ) {
        if let Some(listener) = fds.into_iter().next().map(Listener::new) {
            let events = self.sender.clone();
            tokio::spawn(zygote_task::listen(zygote, listener, events));
        }
        let missing: Vec<LayerState> = layers
            .iter()
            .filter(|state| state.missing.is_some() && !self.waived.contains(&state.layer))
            .cloned()
            .collect();
        if missing.is_empty() {
            self.served = true;
            self.happenings
                .push_back(Happening::Serving { layers, guest });
            self.input(Input::ZygoteReady { zygote });
        } else if self.served {
            // The host gave them before: a start that failed, like any other, to be tried again.
            tracing::error!(
                zygote = zygote.0,
                ?missing,
                "a new zygote lacks layers of the jail"
            );
            if let Some(entry) = self.zygotes.get_mut(&zygote) {
                entry.process.kill();
            }
        } else {
            self.happenings.push_back(Happening::Refused { missing });
        }
    }

    pub(super) fn zygote_gone(&mut self, zygote: ZygoteId) {
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

    pub(super) fn child_spawned(&mut self, child: ChildId, fds: Vec<OwnedFd>) {
        let Some(entry) = self.children.get_mut(&child) else {
            return;
        };
        let Some((socket, pidfd)) = child_descriptors(fds) else {
            tracing::error!(
                child = child.0,
                "a child came without its two descriptors: is the limit of open files reached?"
            );
            // Its sockets have closed with the message: it leaves by itself, and is reaped.
            return self.close_link(child);
        };
        let (assign, job) = oneshot::channel();
        let task = tokio::spawn(child_task::serve(child, socket, job, self.sender.clone()));
        entry.handle = Some(ChildHandle::new(pidfd));
        entry.link = Link::Open {
            task: task.abort_handle(),
            assign: Some(assign),
        };
        self.input(Input::ChildSpawned { child });
    }

    pub(super) fn child_exited(&mut self, child: ChildId, cause: ExitCause, cpu_us: u64) {
        if let Some(entry) = self.children.get_mut(&child) {
            entry.exit = Some((cause, cpu_us));
            self.check_gone(child);
        }
    }

    /// Both halves must be known: what the child still said, and how it ended.
    pub(super) fn check_gone(&mut self, child: ChildId) {
        let Some(entry) = self.children.get(&child) else {
            return;
        };
        if let (Link::Closed, Some((cause, _))) = (&entry.link, entry.exit) {
            self.input(Input::ChildGone { child, cause });
            self.children.remove(&child);
        }
    }

    pub(super) fn close_link(&mut self, child: ChildId) {
        if let Some(entry) = self.children.get_mut(&child) {
            if let (Some(handle), None) = (&entry.handle, entry.exit) {
                // A child without its socket is of no use to anybody, whatever it is doing.
                let _ = handle.kill();
            }
            entry.link = Link::Closed;
            self.check_gone(child);
        }
    }

    pub(super) fn kill_child(&mut self, child: ChildId) {
        let Some(entry) = self.children.get_mut(&child) else {
            return;
        };
        let (Some(handle), Link::Open { task, .. }) = (&entry.handle, &entry.link) else {
            return;
        };
        entry.killed = true;
        if let Err(error) = handle.kill() {
            tracing::error!(child = child.0, %error, "a child could not be killed");
        }
        // Whatever it still had to say comes too late.
        task.abort();
        // As an event: the pool is not entered again from inside its own output.
        let _ = self.sender.send(Event::ChildClosed { child });
    }

    pub(super) fn request_child(&mut self, zygote: ZygoteId, child: ChildId) {
        let entry = ChildEntry {
            zygote,
            job: None,
            handle: None,
            killed: false,
            broken: false,
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

    pub(super) fn child_broke(&mut self, child: ChildId, breach: Breach, reason: String) {
        match self.children.get_mut(&child) {
            // The first thing that it did is what counts, and what is told.
            Some(entry) if !entry.broken => entry.broken = true,
            Some(_) | None => return,
        }
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
}
