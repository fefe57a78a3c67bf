//! The shadow: what the shell saw of the pool, in the simplest form, and what must hold of it.
//!
//! Before each call the shadow works out which jobs end in it, and how ([`Shadow::expect`]); after
//! the call the ends that the pool gave must be exactly those ([`Shadow::settle_up`]).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lode_core::{AppKey, ChildId, HookKey, JobKey, Output, PoolOptions, Time, Verdict, ZygoteId};
use lode_proto::ExitCause;

use crate::turns::HookView;

/// A zygote as the shell knows it.
#[derive(Debug, Default)]
pub(crate) struct ZygoteView {
    pub(crate) started: Time,
    pub(crate) ready: bool,
    pub(crate) gone: Option<Time>,
    pub(crate) told_to_stop: Option<Time>,
    pub(crate) killed: bool,
    pub(crate) doubted: bool,
}

impl ZygoteView {
    pub(crate) fn is_starting(&self) -> bool {
        !self.ready && self.gone.is_none() && self.told_to_stop.is_none() && !self.killed
    }

    /// May it fork, and may its children get jobs?
    pub(crate) fn is_sound(&self) -> bool {
        self.ready
            && self.gone.is_none()
            && self.told_to_stop.is_none()
            && !self.killed
            && !self.doubted
    }
}

/// A child as the shell knows it; removed when it is gone.
#[derive(Debug)]
pub(crate) struct ChildView {
    pub(crate) zygote: ZygoteId,
    pub(crate) requested: Time,
    pub(crate) spawned: bool,
    pub(crate) ready: bool,
    pub(crate) job: Option<JobKey>,
    pub(crate) reported: Option<Time>,
    pub(crate) killed: Option<Time>,
    /// Told to be killed when the shell had it.
    pub(crate) kill_reached: bool,
}

impl ChildView {
    pub(crate) fn is_waiting(&self) -> bool {
        self.job.is_none() && self.killed.is_none()
    }
}

/// A leased job; removed when it ended.
#[derive(Debug)]
pub(crate) struct JobView {
    pub(crate) leased: Time,
    pub(crate) app: AppKey,
    pub(crate) hook: HookKey,
    pub(crate) wall_limit_us: u64,
    pub(crate) host_wait_limit_us: u64,
    pub(crate) idempotent: bool,
    pub(crate) run: Option<RunView>,
}

/// A started job: when it has to end, from all that is known of its host calls.
#[derive(Debug)]
pub(crate) struct RunView {
    pub(crate) child: ChildId,
    /// The deadline without any host call.
    limit: Time,
    host_wait_limit_us: u64,
    waited_us: u64,
    waits_since: Option<Time>,
    pub(crate) finish_by: Option<Time>,
}

impl RunView {
    pub(crate) fn new(child: ChildId, limit: Time, host_wait_limit_us: u64) -> Self {
        Self {
            child,
            limit,
            host_wait_limit_us,
            waited_us: 0,
            waits_since: None,
            finish_by: None,
        }
    }

    pub(crate) fn host_call_started(&mut self, now: Time) {
        self.waits_since.get_or_insert(now);
    }

    pub(crate) fn host_call_ended(&mut self, now: Time) {
        if let Some(since) = self.waits_since.take() {
            self.waited_us += now.saturating_since(since);
        }
    }

    pub(crate) fn deadline(&self) -> Time {
        let cap_us = self.host_wait_limit_us;
        let free_us = match self.waits_since {
            Some(_) => cap_us,
            None => self.waited_us.min(cap_us),
        };
        let limit = self.limit.plus_us(free_us);
        self.finish_by.unwrap_or(limit)
    }
}

/// How a job ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Settle(Verdict),
    Retry(ExitCause),
    Release,
    Postpone,
}

/// What the shell saw, and what it expects of the call that is under way.
#[derive(Debug, Default)]
pub(crate) struct Shadow {
    pub(crate) options: PoolOptions,
    pub(crate) zygotes: BTreeMap<ZygoteId, ZygoteView>,
    pub(crate) children: BTreeMap<ChildId, ChildView>,
    pub(crate) jobs: BTreeMap<JobKey, JobView>,
    pub(crate) held: VecDeque<JobKey>,
    pub(crate) hooks: BTreeMap<HookKey, HookView>,
    /// When a child got ready last, and which one did in the call that is under way, with the
    /// time before that.
    pub(crate) last_ready: Time,
    pub(crate) got_ready: Option<(ChildId, Time)>,
    /// Ready and without a job, in the order in which they got ready.
    pub(crate) idle: BTreeSet<ChildId>,
    pub(crate) drain_limit: Option<Time>,
    pub(crate) drain_limit_passed: bool,
    pub(crate) drained: bool,
    pub(crate) happened: BTreeMap<&'static str, u64>,
    pub(crate) trace: Vec<(Time, Output)>,
    /// Gone by the call that is under way; deadlines come before that in it.
    pub(crate) leaving: Vec<ChildView>,
    pub(crate) last_child: u64,
    pub(crate) last_zygote: u64,
    pub(crate) expected: BTreeMap<JobKey, End>,
    pub(crate) ended: BTreeMap<JobKey, End>,
}

impl Shadow {
    pub(crate) fn new(options: PoolOptions) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    pub(crate) fn note(&mut self, what: &'static str) {
        *self.happened.entry(what).or_default() += 1;
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.drain_limit.is_some()
    }

    /// Every job that had to end in this call did, as it had to, and no other one did.
    pub(crate) fn settle_up(&mut self, now: Time) {
        let mut is_reported = false;
        let expected = std::mem::take(&mut self.expected);
        let ended = std::mem::take(&mut self.ended);
        self.leaving.clear();
        self.got_ready = None;
        assert_eq!(
            ended, expected,
            "ends (left) are not what had to happen (right)"
        );
        for (job, end) in &expected {
            self.jobs.remove(job);
            is_reported |= matches!(end, End::Settle(Verdict::Reported { .. }));
        }
        if is_reported {
            assert_eq!(self.missing(now), 0, "a job done did not end the backoff");
        }
    }

    /// Nothing that is due is left undone.
    pub(crate) fn check_nothing_overdue(&self, now: Time) {
        let options = &self.options;
        for (key, job) in &self.jobs {
            if let Some(run) = &job.run {
                assert!(run.deadline() > now, "{key:?} runs past its hard deadline");
                let view = self.children.get(&run.child);
                assert!(
                    view.is_some_and(|c| c.killed.is_none()),
                    "{key:?} lost its child"
                );
            }
        }
        for (id, child) in &self.children {
            if child.killed.is_some() {
                let is_reached = child.kill_reached || !child.spawned;
                assert!(
                    is_reached,
                    "{id:?} was spawned after its kill, and lives on"
                );
                continue;
            }
            let is_decided = child.job.is_some_and(|job| !self.jobs.contains_key(&job));
            assert!(
                !is_decided || child.reported.is_some(),
                "{id:?} goes on with a job that is not its own any more"
            );
            let start_by = child.requested.plus_us(options.start_limit_us);
            assert!(child.ready || start_by > now, "{id:?} starts for too long");
            let exit_by = child.reported.map(|at| at.plus_us(options.exit_grace_us));
            assert!(exit_by.is_none_or(|at| at > now), "{id:?} does not exit");
            let zygote = &self.zygotes[&child.zygote];
            let may_wait = zygote.is_sound() && !self.is_draining();
            assert!(
                !child.is_waiting() || may_wait,
                "{id:?} waits in vain: {zygote:?}"
            );
        }
        for (id, zygote) in &self.zygotes {
            let start_by = zygote.started.plus_us(options.start_limit_us);
            assert!(
                !zygote.is_starting() || start_by > now,
                "{id:?} starts for too long"
            );
        }
        self.check_turns(now);
    }

    /// Children short of the reserve, if there is a zygote that could be asked.
    pub(crate) fn missing(&self, now: Time) -> usize {
        if self.is_draining() || !self.newest_is_sound() {
            return 0;
        }
        let waiting = self
            .children
            .values()
            .filter(|child| child.is_waiting())
            .count();
        let busy = self.children.len() - waiting;
        let wanted = (self.options.warm + self.demand(now)).min(self.options.max_children - busy);
        wanted.saturating_sub(waiting)
    }

    /// True if no zygote serves and none is on its way.
    pub(crate) fn lacks_zygote(&self) -> bool {
        !self.newest_is_sound() && !self.zygotes.values().any(ZygoteView::is_starting)
    }

    /// Only the zygote that got ready last may fork.
    pub(crate) fn newest_is_sound(&self) -> bool {
        let newest = self.zygotes.values().rev().find(|zygote| zygote.ready);
        newest.is_some_and(ZygoteView::is_sound)
    }
}
