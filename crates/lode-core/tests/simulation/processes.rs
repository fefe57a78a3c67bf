//! The processes: what zygotes and children do when the pool has them started, used or killed.

use std::collections::BTreeMap;

use lode_core::{ChildId, Input, JobKey, Output, ZygoteId};
use lode_proto::{ChildExit, ExitCause};

use crate::plan::{self, ChildFate, HostCalls, MS, RunFate, SIGKILL, ZygoteFate, chance};
use crate::world::{Event, World};

/// A zygote as it really is, which the shell learns later or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Real {
    Alive,
    Stuck,
    Dead,
}

/// All zygotes; of children the shell's view is enough.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    zygotes: BTreeMap<ZygoteId, Real>,
}

impl World {
    /// Lets the world react to what the pool wants.
    pub(crate) fn carry_out(&mut self, output: Output) {
        match output {
            Output::StartZygote { zygote } => self.start_zygote(zygote),
            Output::StopZygote { zygote } => {
                let is_deaf = self.faults && chance(&mut self.rng, 10);
                if self.real(zygote) == Real::Alive && !is_deaf {
                    self.zygote_will_die(zygote);
                }
            }
            Output::KillZygote { zygote } => self.zygote_will_die(zygote),
            Output::SpawnChild { child, .. } => self.spawn_child(child),
            Output::KillChild { child } => self.kill_child(child),
            Output::StartJob { child, job } => self.run_job(child, job),
            Output::Settle { .. }
            | Output::Retry { .. }
            | Output::Release { .. }
            | Output::Postpone { .. }
            | Output::Drained => {}
        }
    }

    fn real(&self, zygote: ZygoteId) -> Real {
        self.processes
            .zygotes
            .get(&zygote)
            .copied()
            .unwrap_or(Real::Dead)
    }

    /// Whether the sender of a message could still send it: nothing of a child comes after its
    /// end, and a zygote that is stuck or dead neither forks nor reaps.
    pub(crate) fn can_arrive(&self, input: Input) -> bool {
        let child = |id: ChildId| self.shadow.children.get(&id);
        let zygote_of = |id: ChildId| child(id).map(|view| self.real(view.zygote));
        match input {
            Input::ZygoteReady { zygote } => self.real(zygote) == Real::Alive,
            Input::ChildSpawned { child } => zygote_of(child) == Some(Real::Alive),
            Input::ChildReady { child: id }
            | Input::ChildDone { child: id }
            | Input::HostCallStarted { child: id }
            | Input::HostCallEnded { child: id }
            | Input::ChildReported { child: id, .. }
            | Input::ChildBroke { child: id, .. } => child(id).is_some_and(|view| view.spawned),
            Input::ChildGone { child: id, .. } => {
                zygote_of(id) == Some(Real::Alive)
                    || zygote_of(id) == Some(Real::Dead) && child(id).is_some_and(|v| v.spawned)
            }
            Input::ZygoteGone { .. }
            | Input::JobLeased { .. }
            | Input::LeaseLost { .. }
            | Input::Cancel { .. }
            | Input::Drain { .. } => true,
        }
    }

    fn start_zygote(&mut self, zygote: ZygoteId) {
        self.processes.zygotes.insert(zygote, Real::Alive);
        let ready = Event::Deliver(Input::ZygoteReady { zygote });
        match plan::zygote_fate(&mut self.rng, self.faults) {
            ZygoteFate::Serves { ready_us } => self.schedule(ready_us, ready),
            ZygoteFate::DiesStarting { at_us } => self.schedule(at_us, Event::ZygoteDies(zygote)),
            ZygoteFate::NeverReady => {}
            ZygoteFate::DiesServing { ready_us, at_us } => {
                self.schedule(ready_us, ready);
                self.schedule(at_us, Event::ZygoteDies(zygote));
            }
            ZygoteFate::GetsStuck { ready_us, at_us } => {
                self.schedule(ready_us, ready);
                self.schedule(at_us, Event::ZygoteSticks(zygote));
            }
        }
    }

    fn zygote_will_die(&mut self, zygote: ZygoteId) {
        let after_us = self.rng.u64(0..5 * MS);
        self.schedule(after_us, Event::ZygoteDies(zygote));
    }

    /// The shell hears of its end and of its children's ends in any order.
    pub(crate) fn zygote_dies(&mut self, zygote: ZygoteId) {
        let before = self.processes.zygotes.insert(zygote, Real::Dead);
        if before == Some(Real::Dead) {
            return;
        }
        let after_us = self.rng.u64(0..5 * MS);
        self.schedule(after_us, Event::Deliver(Input::ZygoteGone { zygote }));
        let children = self.shadow.children.iter();
        let spawned = children.filter(|(_, child)| child.zygote == zygote && child.spawned);
        for child in spawned.map(|(id, _)| *id).collect::<Vec<_>>() {
            let cause = if self.rng.bool() {
                ExitCause::ZygoteLost
            } else {
                SIGKILL
            };
            let after_us = self.rng.u64(0..5 * MS);
            self.child_will_end(child, after_us, cause);
        }
    }

    pub(crate) fn zygote_sticks(&mut self, zygote: ZygoteId) {
        if self.real(zygote) == Real::Alive {
            self.processes.zygotes.insert(zygote, Real::Stuck);
        }
    }

    fn spawn_child(&mut self, child: ChildId) {
        let spawned = Input::ChildSpawned { child };
        let ready = Input::ChildReady { child };
        match plan::child_fate(&mut self.rng, self.faults) {
            ChildFate::GetsReady {
                spawned_us,
                ready_us,
            } => {
                self.deliver(spawned_us, spawned);
                self.deliver(spawned_us + ready_us, ready);
            }
            ChildFate::ForkFails { after_us } => {
                self.child_will_end(child, after_us, ExitCause::ForkFailed);
            }
            ChildFate::NeverSpawned => {}
            ChildFate::NeverReady { spawned_us } => self.deliver(spawned_us, spawned),
            ChildFate::DiesStarting {
                spawned_us,
                after_us,
            } => {
                self.deliver(spawned_us, spawned);
                let cause = plan::cause(&mut self.rng);
                self.child_will_end(child, spawned_us + after_us, cause);
            }
            ChildFate::DiesIdle {
                spawned_us,
                ready_us,
                after_us,
            } => {
                self.deliver(spawned_us, spawned);
                self.deliver(spawned_us + ready_us, ready);
                let cause = plan::cause(&mut self.rng);
                self.child_will_end(child, spawned_us + ready_us + after_us, cause);
            }
            ChildFate::Breaks {
                spawned_us,
                ready_us,
                after_us,
            } => {
                self.deliver(spawned_us, spawned);
                self.deliver(spawned_us + ready_us, ready);
                let breach = plan::breach(&mut self.rng);
                let broke = Input::ChildBroke { child, breach };
                self.deliver(spawned_us + ready_us + after_us, broke);
            }
        }
    }

    fn run_job(&mut self, child: ChildId, job: JobKey) {
        let view = &self.shadow.jobs[&job];
        let free_us = view.host_wait_limit_us;
        let mut limit_us = view.wall_limit_us + self.shadow.options.hard_grace_us;
        if let Some(calls) = plan::host_calls(&mut self.rng, self.faults, limit_us) {
            self.call_host(child, calls);
            limit_us += (calls.rounds * calls.len_us).min(free_us);
        }
        let done = Input::ChildDone { child };
        let reported = ExitCause::Exited(ChildExit::Reported);
        match plan::run_fate(&mut self.rng, self.faults, limit_us) {
            RunFate::Reports { at_us, exit_us } => {
                self.deliver(at_us, done);
                self.child_will_end(child, at_us + exit_us, reported);
            }
            RunFate::ReportsEarly {
                at_us,
                finish_limit_us,
                done_us,
            } => {
                let early = Input::ChildReported {
                    child,
                    finish_limit_us,
                };
                self.deliver(at_us, early);
                self.deliver(at_us + done_us, done);
                self.child_will_end(child, at_us + done_us, reported);
            }
            RunFate::ReportsAndStays { at_us } => self.deliver(at_us, done),
            RunFate::ReportsTwice { at_us } => {
                self.deliver(at_us, done);
                self.deliver(at_us + 1, done);
            }
            RunFate::Hangs => {}
            RunFate::Dies { at_us, cause } => self.child_will_end(child, at_us, cause),
            RunFate::Breaks { at_us, breach } => {
                self.deliver(at_us, Input::ChildBroke { child, breach });
                self.deliver(at_us + 1, done);
            }
        }
    }

    fn call_host(&mut self, child: ChildId, calls: HostCalls) {
        let mut end_us = 0;
        for _ in 0..calls.rounds {
            let begin_us = end_us + calls.at_us;
            end_us = begin_us + calls.len_us;
            for n in 0..calls.told.0 {
                self.deliver(begin_us + n, Input::HostCallStarted { child });
            }
            for n in 0..calls.told.1 {
                self.deliver(end_us + n, Input::HostCallEnded { child });
            }
        }
    }

    /// A kill takes a moment, in which what the child had sent still arrives. One that the zygote
    /// has not forked yet is beyond the shell's reach, unless the zygote calls it off.
    fn kill_child(&mut self, child: ChildId) {
        let is_spawned = self
            .shadow
            .children
            .get(&child)
            .is_some_and(|view| view.spawned);
        if is_spawned || self.rng.bool() {
            let after_us = self.rng.u64(0..20 * MS);
            self.child_will_end(child, after_us, SIGKILL);
        }
    }

    fn child_will_end(&mut self, child: ChildId, after_us: u64, cause: ExitCause) {
        self.deliver(after_us, Input::ChildGone { child, cause });
    }

    fn deliver(&mut self, after_us: u64, input: Input) {
        self.schedule(after_us, Event::Deliver(input));
    }
}
