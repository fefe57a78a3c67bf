//! Each output: checked against what the shell knows, then taken in.

use lode_core::{ChildId, JobKey, Output, Time, Verdict, ZygoteId};

use crate::shadow::{ChildView, End, RunView, Shadow, ZygoteView};

impl Shadow {
    /// Checks one output against what the shell knows, and takes it in.
    pub(crate) fn check_output(&mut self, output: Output, now: Time) {
        self.trace.push((now, output));
        match output {
            Output::StartZygote { zygote } => self.check_start_zygote(zygote, now),
            Output::StopZygote { zygote } => self.check_stop_zygote(zygote, now),
            Output::KillZygote { zygote } => self.check_kill_zygote(zygote, now),
            Output::SpawnChild { zygote, child } => self.check_spawn(zygote, child, now),
            Output::KillChild { child } => self.check_kill_child(child, now),
            Output::StartJob { child, job } => self.check_start_job(child, job, now),
            Output::Settle { job, verdict } => {
                self.see_verdict(job, verdict, now);
                self.end(job, End::Settle(verdict));
            }
            Output::Retry { job, cause } => {
                // Of a drain's last kills no hook hears, and nothing runs after them.
                if !self.drain_limit_passed {
                    self.see_death(job, now);
                }
                self.end(job, End::Retry(cause));
            }
            Output::Release { job } => {
                self.check_release(job, now);
                self.end(job, End::Release);
            }
            Output::Postpone { job } => {
                self.check_postpone(job, now);
                self.end(job, End::Postpone);
            }
            Output::Drained => {
                assert!(
                    self.is_draining() && !self.drained,
                    "drained twice or unasked"
                );
                assert!(self.children.is_empty(), "drained with children left");
                for (id, zygote) in &self.zygotes {
                    let told =
                        zygote.told_to_stop.is_some() || zygote.killed || zygote.gone.is_some();
                    assert!(told, "drained, and {id:?} knows nothing of it");
                }
                self.drained = true;
            }
        }
    }

    fn check_start_zygote(&mut self, id: ZygoteId, now: Time) {
        assert!(!self.is_draining(), "a zygote is started during a drain");
        assert!(
            !self.zygotes.values().any(ZygoteView::is_starting),
            "two zygotes start"
        );
        assert!(id.0 > self.last_zygote, "{id:?} is used again");
        self.last_zygote = id.0;
        let view = ZygoteView {
            started: now,
            ..ZygoteView::default()
        };
        self.zygotes.insert(id, view);
    }

    fn check_stop_zygote(&mut self, id: ZygoteId, now: Time) {
        let orphan = self.children.iter().find(|(_, child)| child.zygote == id);
        assert!(orphan.is_none(), "{id:?} is stopped, but has {orphan:?}");
        let view = self
            .zygotes
            .get_mut(&id)
            .expect("a zygote that was started");
        assert_eq!(view.told_to_stop, None, "{id:?} is stopped twice");
        view.told_to_stop = Some(now);
        self.note("a zygote asked to stop");
    }

    fn check_kill_zygote(&mut self, id: ZygoteId, now: Time) {
        let limit_us = self.options.start_limit_us;
        let overdue = |since: Time| since.plus_us(limit_us) <= now;
        let children = self.children.values().chain(&self.leaving);
        let mut killed = children.filter(|child| child.zygote == id);
        let is_stuck = killed.any(|child| child.killed.is_some_and(overdue));
        let view = self
            .zygotes
            .get_mut(&id)
            .expect("a zygote that was started");
        // In the very call that tells of its end, deadlines come first.
        assert!(
            view.gone.is_none_or(|at| at == now),
            "{id:?} is killed after its end"
        );
        let what = if !view.ready && view.told_to_stop.is_none() && overdue(view.started) {
            "a zygote killed for its start limit"
        } else if view.told_to_stop.is_some_and(overdue) {
            "a zygote killed for not stopping"
        } else {
            assert!(is_stuck, "{id:?} is killed for no reason");
            "a zygote killed for being stuck"
        };
        view.killed = true;
        self.note(what);
    }

    fn check_spawn(&mut self, zygote: ZygoteId, child: ChildId, now: Time) {
        assert!(!self.is_draining(), "a child is asked for during a drain");
        let view = &self.zygotes[&zygote];
        assert!(view.is_sound(), "{zygote:?} cannot fork: {view:?}");
        let mut later = self.zygotes.range(zygote..).skip(1);
        assert!(
            !later.any(|(_, z)| z.ready),
            "{zygote:?} forks although it was replaced"
        );
        assert!(child.0 > self.last_child, "{child:?} is used again");
        assert!(self.missing(now) > 0, "{child:?} is for nobody");
        self.last_child = child.0;
        let view = ChildView {
            zygote,
            requested: now,
            spawned: false,
            ready: false,
            job: None,
            reported: None,
            killed: None,
            kill_reached: false,
        };
        self.children.insert(child, view);
        let live = self.children.len();
        assert!(live <= self.options.max_children, "{live} children");
    }

    fn check_kill_child(&mut self, id: ChildId, now: Time) {
        let limit_us = self.options.start_limit_us;
        let Some(view) = self.children.get_mut(&id) else {
            // Decided and emitted before the input that removed it was looked at.
            return;
        };
        let what = if !view.spawned {
            "an unspawned child killed"
        } else if view.reported.is_some() {
            "child: exit grace over"
        } else if !view.ready && view.requested.plus_us(limit_us) <= now {
            "child: start limit over"
        } else {
            "child: killed for another reason"
        };
        view.killed.get_or_insert(now);
        view.kill_reached |= view.spawned;
        self.idle.remove(&id);
        self.was_not_ready(id);
        self.note(what);
    }

    fn check_start_job(&mut self, id: ChildId, key: JobKey, now: Time) {
        assert!(!self.is_draining(), "a job is started during a drain");
        self.check_turn(key, now);
        assert!(self.idle.remove(&id), "{id:?} gets a job, but is not idle");
        let child = self.children.get_mut(&id).expect("an idle child");
        assert_eq!(
            (child.job, child.killed),
            (None, None),
            "{id:?} cannot take a job"
        );
        assert!(child.ready, "{id:?} is not ready");
        // Retired ones may still have idle children; dead, dying and doubted ones may not.
        let zygote = &self.zygotes[&child.zygote];
        assert!(zygote.is_sound(), "{id:?} comes from {zygote:?}");
        child.job = Some(key);
        let job = self.jobs.get_mut(&key).expect("a leased job");
        assert!(job.run.is_none(), "{key:?} is started twice");
        let run_us = job.wall_limit_us + self.options.hard_grace_us;
        job.run = Some(RunView::new(
            id,
            now.plus_us(run_us),
            job.host_wait_limit_us,
        ));
        if job.leased < now {
            self.note("a held job started");
        }
    }

    fn end(&mut self, job: JobKey, end: End) {
        assert_eq!(
            self.ended.insert(job, end),
            None,
            "{job:?} ended twice in one call"
        );
        self.note(match end {
            End::Release => "end: Release",
            End::Postpone => "end: Postpone",
            End::Retry(_) => "end: Retry",
            End::Settle(Verdict::Reported { .. }) => "end: Reported",
            End::Settle(Verdict::TimedOut) => "end: TimedOut",
            End::Settle(Verdict::CpuTimedOut { .. }) => "end: CpuTimedOut",
            End::Settle(Verdict::OutOfMemory { .. }) => "end: OutOfMemory",
            End::Settle(Verdict::Violation { .. }) => "end: Violation",
            End::Settle(Verdict::Crashed { .. }) => "end: Crashed",
            End::Settle(Verdict::DrainLimit) => "end: DrainLimit",
            End::Settle(Verdict::Cancelled) => "end: Cancelled",
        });
    }
}
