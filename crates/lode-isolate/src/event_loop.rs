//! The child's event loop: microtasks, V8's own tasks, timers, replies; blocking, no runtime.

use std::time::Instant;

use deno_core::v8;
use lode_proto::message::{Done, Reply};
use lode_proto::{ChildExit, Tag};

use crate::job::{Incoming, Job, Progress, limits};
use crate::natives::end;
use crate::run::Stage;
use crate::watchdog::now;

pub(crate) struct EventLoop<'a> {
    pub(crate) stage: &'a Stage,
    /// What to report when a named hook function is missing and the script is no plain one.
    pub(crate) missing: Option<String>,
    /// A timer was the last thing that ran: replies come next, or a zero-delay timer that starts
    /// itself anew would keep them waiting for ever.
    pub(crate) fired: bool,
}

/// The next thing to happen.
enum Next {
    Timer(u64),
    Reply(Reply),
    /// Woken for nothing: look again.
    Again,
    End(Done),
    Lost,
}

impl EventLoop<'_> {
    /// Runs until the job has ended.
    pub(crate) fn run(mut self, scope: &mut v8::PinScope<'_, '_>) {
        loop {
            // Each turn makes handles; they must not pile up.
            v8::scope!(let scope, scope);
            if self.settle_microtasks(scope) {
                return;
            }
            match self.next(scope) {
                Next::Timer(id) => self.fire(scope, id),
                Next::Reply(reply) => self.deliver(scope, reply),
                Next::Again => {}
                Next::End(done) => return end(scope, done),
                Next::Lost => {
                    if let Some(job) = scope.get_slot_mut::<Job>() {
                        job.progress = Progress::Lost(ChildExit::SocketLost);
                    }
                    return;
                }
            }
        }
    }

    /// Runs microtasks and V8's own tasks (WebAssembly compilation, finalisers). True when the job
    /// has ended.
    fn settle_microtasks(&self, scope: &mut v8::PinScope<'_, '_>) -> bool {
        loop {
            // A finaliser may throw, with nobody above it to catch.
            let more = self.stage.enter(scope, |scope| {
                v8::tc_scope!(let scope, scope);
                scope.perform_microtask_checkpoint();
                let platform = v8::V8::get_current_platform();
                let more = v8::Platform::pump_message_loop(&platform, scope, false);
                if scope.has_caught() {
                    scope.rethrow();
                    return None;
                }
                Some(more)
            });
            match more {
                None => return true,
                Some(false) => break,
                Some(true) => {}
            }
        }
        if let Some(reason) = scope.get_slot_mut::<Job>().and_then(Job::take_uncaught) {
            let reason = v8::Local::new(scope, reason);
            self.stage.threw(scope, reason, None, "");
            return true;
        }
        let reason = scope.get_slot_mut::<Job>().and_then(Job::take_rejection);
        let Some(reason) = reason else { return false };
        let reason = v8::Local::new(scope, reason);
        self.stage
            .threw(scope, reason, None, " (unhandled promise rejection)");
        true
    }

    fn next(&mut self, scope: &mut v8::PinScope<'_, '_>) -> Next {
        let ended = || Next::End(Done::failure(Tag::HookThrew, String::new(), None));
        let Some(job) = scope.get_slot_mut::<Job>() else {
            return ended();
        };
        let time = now();
        if time >= job.deadline {
            return Next::End(Self::timed_out(job));
        }
        if self.fired && job.calls_waiting() > 0 {
            self.fired = false;
            let next = Self::receive(job, Some(time));
            if !matches!(next, Next::Again) {
                return next;
            }
        }
        if let Some(id) = job.timers().take_due(time) {
            self.fired = true;
            return Next::Timer(id);
        }
        let due = job.timers().next_due();
        if due.is_none() && job.calls_waiting() == 0 {
            return Next::End(self.never_completed(job.calls));
        }
        Self::receive(job, due)
    }

    fn receive(job: &mut Job, due: Option<Instant>) -> Next {
        match job.receive(due) {
            Ok(Incoming::Reply(reply)) => {
                job.call_answered();
                Next::Reply(reply)
            }
            Ok(Incoming::TimedOut) => Next::Again,
            Ok(Incoming::Closed) | Err(_) => Next::Lost,
        }
    }

    fn timed_out(job: &Job) -> Done {
        Done::failure(Tag::HookTimeout, job.timed_out_waiting(), None)
    }

    fn never_completed(&mut self, calls: u64) -> Done {
        // A script that has used `db` is a plain one, which needs no hook function.
        if let Some(debug) = self.missing.take()
            && calls == 0
        {
            return Done::failure(Tag::HookThrew, debug, None);
        }
        let debug = "the hook ended without a terminal call: nothing is left to run, no timer and \
                     no host call is pending. Call complete(), response.complete(), \
                     response.continue() or response.error()";
        Done::failure(Tag::HookNeverCompleted, debug.to_owned(), None)
    }

    fn fire(&self, scope: &mut v8::PinScope<'_, '_>, id: u64) {
        let timer = v8::Local::new(scope, &self.stage.entry.timer);
        // Timer numbers are counted from 1 in js/bridge.js and stay far below 2^53.
        #[expect(clippy::cast_precision_loss, reason = "see above")]
        let id = v8::Number::new(scope, id as f64).into();
        let receiver = v8::undefined(scope).into();
        // An exception or a limit has been reported; `stopped` ends the loop.
        let _ = self
            .stage
            .enter(scope, |scope| timer.call(scope, receiver, &[id]));
    }

    fn deliver(&self, scope: &mut v8::PinScope<'_, '_>, reply: Reply) {
        let function = v8::Local::new(scope, &self.stage.entry.reply);
        let id = reply.id;
        let (ok, json) = reply.into_parts();
        let Some(json) = v8::String::new(scope, &json) else {
            let limit = limits(scope).heap_limit_bytes;
            let debug =
                format!("a host call's result does not fit the heap limit of {limit} bytes");
            return end(scope, Done::failure(Tag::HookOutOfMemory, debug, None));
        };
        let args = [
            v8::Integer::new_from_unsigned(scope, id).into(),
            v8::Boolean::new(scope, ok).into(),
            json.into(),
        ];
        let receiver = v8::undefined(scope).into();
        let _ = self
            .stage
            .enter(scope, |scope| function.call(scope, receiver, &args));
    }
}
