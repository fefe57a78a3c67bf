//! Before a call: what the shell sees happen, and which jobs have to end by it, and how.

use lode_core::{Breach, ChildId, Input, JobKey, Time, Verdict, ZygoteId};
use lode_proto::{ChildExit, ExitCause};

use crate::plan::SIGKILL;
use crate::shadow::{ChildView, End, JobView, RunView, Shadow};

impl Shadow {
    /// Takes in what the pool is about to be told, and works out which jobs end by it.
    pub(crate) fn expect(&mut self, input: Option<Input>, now: Time) {
        self.expect_overdue(now);
        match input {
            Some(Input::ZygoteReady { zygote }) => self.see_zygote_ready(zygote, now),
            Some(Input::ZygoteGone { zygote }) => self.see_zygote_gone(zygote, now),
            Some(Input::ChildSpawned { child }) => {
                if let Some(view) = self.children.get_mut(&child) {
                    view.spawned = true;
                }
            }
            Some(Input::ChildReady { child }) => self.see_child_ready(child, now),
            Some(Input::JobLeased {
                job,
                app,
                hook,
                wall_limit_us,
                host_wait_limit_us,
                idempotent,
            }) => {
                let view = JobView {
                    leased: now,
                    app,
                    hook,
                    wall_limit_us,
                    host_wait_limit_us,
                    idempotent,
                    run: None,
                };
                self.see_lease(job, view);
            }
            Some(Input::HostCallStarted { child }) => {
                self.see_host_call(child, |run| run.host_call_started(now));
            }
            Some(Input::HostCallEnded { child }) => {
                self.see_host_call(child, |run| run.host_call_ended(now));
            }
            Some(Input::ChildReported {
                child,
                finish_limit_us,
            }) => {
                let finish_by = now.plus_us(finish_limit_us);
                self.see_host_call(child, |run| {
                    run.finish_by.get_or_insert(finish_by);
                });
            }
            Some(Input::ChildDone { child }) => match self.undecided(child) {
                Some(job) => {
                    self.expected
                        .insert(job, End::Settle(Verdict::Reported { child }));
                    let view = self.children.get_mut(&child);
                    view.expect("it runs").reported = Some(now);
                }
                None => self.note("a late report"),
            },
            Some(Input::ChildBroke { child, breach }) => self.see_breach(child, breach),
            Some(Input::ChildGone { child, cause }) => self.see_child_gone(child, cause),
            Some(Input::LeaseLost { job }) => self.see_lease_lost(job),
            Some(Input::Cancel { job }) => self.see_cancel(job),
            Some(Input::Drain { limit_us }) => self.see_drain(now.plus_us(limit_us)),
            None => {}
        }
    }

    /// The job that runs on this child and has no end yet.
    fn undecided(&self, child: ChildId) -> Option<JobKey> {
        let job = self.children.get(&child)?.job?;
        (self.jobs.contains_key(&job) && !self.expected.contains_key(&job)).then_some(job)
    }

    fn expect_overdue(&mut self, now: Time) {
        let is_open = !self.drained && !self.drain_limit_passed;
        let drained_out = is_open && self.drain_limit.is_some_and(|at| at <= now);
        self.drain_limit_passed |= drained_out;
        for (key, job) in &self.jobs {
            let Some(run) = &job.run else {
                continue;
            };
            let end = if run.deadline() <= now {
                End::Settle(Verdict::TimedOut)
            } else if !drained_out {
                continue;
            } else if job.idempotent {
                End::Retry(SIGKILL)
            } else {
                End::Settle(Verdict::DrainLimit)
            };
            self.expected.insert(*key, end);
        }
        if drained_out {
            self.note("a drain hit its limit");
        }
    }

    fn see_zygote_ready(&mut self, zygote: ZygoteId, now: Time) {
        let limit_us = self.options.start_limit_us;
        if self.newest_is_sound() {
            self.note("a successor got ready");
        }
        let Some(view) = self.zygotes.get_mut(&zygote) else {
            return;
        };
        // Past its limit it is as good as killed: the call that hears of it kills it first.
        view.ready = view.is_starting() && now < view.started.plus_us(limit_us);
    }
    fn see_zygote_gone(&mut self, zygote: ZygoteId, now: Time) {
        let Some(view) = self.zygotes.get_mut(&zygote) else {
            return;
        };
        let what = if view.is_starting() {
            "a zygote died while starting"
        } else if view.is_sound() {
            "a zygote died while serving"
        } else {
            "a zygote ended"
        };
        view.gone = Some(now);
        let children = std::mem::take(&mut self.children).into_iter();
        let (vanished, stay): (Vec<_>, Vec<_>) =
            children.partition(|(_, child)| child.zygote == zygote && !child.spawned);
        self.children = stay.into_iter().collect();
        self.leaving
            .extend(vanished.into_iter().map(|(_, child)| child));
        self.note(what);
    }

    fn see_child_ready(&mut self, child: ChildId, now: Time) {
        let limit_us = self.options.start_limit_us;
        if let Some(view) = self.children.get_mut(&child) {
            let in_time = now < view.requested.plus_us(limit_us);
            if view.is_waiting() && view.spawned && !view.ready && in_time {
                view.ready = true;
                self.idle.insert(child);
                self.child_got_ready(child, now);
            }
        }
    }

    fn see_lease(&mut self, key: JobKey, view: JobView) {
        if self.is_draining() {
            self.expected.insert(key, End::Release);
        } else {
            self.held.push_back(key);
        }
        self.jobs.insert(key, view);
    }

    fn see_host_call(&mut self, child: ChildId, see: impl FnOnce(&mut RunView)) {
        if let Some(job) = self.undecided(child) {
            let job = self.jobs.get_mut(&job).expect("an undecided job");
            see(job.run.as_mut().expect("it runs"));
        }
    }

    fn see_breach(&mut self, child: ChildId, breach: Breach) {
        if let Some(job) = self.undecided(child) {
            let cause = ExitCause::Starved(9);
            let verdict = match breach {
                Breach::Memory => Verdict::OutOfMemory { cause },
                Breach::Protocol
                | Breach::HostCalls
                | Breach::ResultSize
                | Breach::Traffic
                | Breach::ForbiddenCall => Verdict::Violation {
                    breach: Some(breach),
                    cause: None,
                },
            };
            self.expected.insert(job, End::Settle(verdict));
        } else if self.children.get(&child).is_some_and(ChildView::is_waiting) {
            self.note("child: breach before the job");
        }
        if breach == Breach::ForbiddenCall
            && let Some(view) = self.children.get(&child)
        {
            let zygote = self.zygotes.get_mut(&view.zygote);
            zygote.expect("every child has a zygote").doubted = true;
            self.note("a forbidden call");
        }
    }

    fn see_child_gone(&mut self, child: ChildId, cause: ExitCause) {
        let undecided = self.undecided(child);
        let Some(view) = self.children.remove(&child) else {
            return;
        };
        if !view.spawned && cause != SIGKILL {
            self.note("a fork failed");
        }
        self.idle.remove(&child);
        if let Some(job) = undecided {
            let end = end_by_death(cause, self.jobs[&job].idempotent);
            self.expected.insert(job, end);
        }
        if cause.is_suspicious() {
            let zygote = self
                .zygotes
                .get_mut(&view.zygote)
                .expect("every child has a zygote");
            zygote.doubted = true;
            self.note("doubt about a zygote");
        }
        self.leaving.push(view);
    }

    fn see_lease_lost(&mut self, key: JobKey) {
        if self.expected.contains_key(&key) {
            return;
        }
        match self.jobs.remove(&key) {
            Some(job) if job.run.is_some() => self.note("a lease lost while running"),
            Some(_) => {
                self.held.retain(|held| *held != key);
                self.note("a held job lost its lease");
            }
            None => {}
        }
    }

    fn see_cancel(&mut self, key: JobKey) {
        if self.expected.contains_key(&key) || !self.jobs.contains_key(&key) {
            return;
        }
        self.held.retain(|held| *held != key);
        self.expected.insert(key, End::Settle(Verdict::Cancelled));
    }

    fn see_drain(&mut self, limit: Time) {
        for job in self.held.drain(..) {
            self.expected.insert(job, End::Release);
        }
        self.drain_limit = Some(self.drain_limit.map_or(limit, |earlier| earlier.min(limit)));
    }
}

fn end_by_death(cause: ExitCause, idempotent: bool) -> End {
    if cause == ExitCause::Exited(ChildExit::OutOfMemory) {
        End::Settle(Verdict::OutOfMemory { cause })
    } else if cause == ExitCause::Signal(24) {
        End::Settle(Verdict::CpuTimedOut { cause })
    } else if cause == ExitCause::Signal(31) {
        let (breach, cause) = (None, Some(cause));
        End::Settle(Verdict::Violation { breach, cause })
    } else if idempotent {
        End::Retry(cause)
    } else {
        End::Settle(Verdict::Crashed { cause })
    }
}
