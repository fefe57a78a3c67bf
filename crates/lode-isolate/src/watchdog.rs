//! The soft deadline: a thread of the child that stops JavaScript from outside.
//!
//! It is advisory, and only there to report *where* the hook was: the master's SIGKILL is the
//! truth. It is started before the system-call filter, which allows no new thread.

use std::sync::{Arc, Barrier, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deno_core::v8;

use crate::sys;

#[derive(Debug, Default)]
struct Shared {
    deadline: Mutex<Option<Instant>>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        // A panicking holder leaves a whole Option behind: there is nothing to distrust.
        self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's handle in the job.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shared: Arc<Shared>,
}

impl Watchdog {
    /// Starts the thread, unarmed.
    pub(crate) fn start(isolate: v8::IsolateHandle) -> Result<Self, String> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        // The thread's own start makes system calls that the filter to come does not allow.
        let started = Arc::new(Barrier::new(2));
        let theirs_started = Arc::clone(&started);
        // Its stack holds a few frames; the default of 2 MiB would be mapped for nothing.
        std::thread::Builder::new()
            .stack_size(64 << 10)
            .spawn(move || {
                theirs_started.wait();
                watch(&theirs, &isolate);
            })
            .map_err(|error| format!("watchdog thread: {error}"))?;
        started.wait();
        Ok(Self { shared })
    }

    /// Sets the deadline; the thread fires once when it has passed.
    pub(crate) fn arm(&self, deadline: Instant) {
        *self.shared.lock() = Some(deadline);
        self.shared.changed.notify_one();
    }

    /// Takes the deadline away.
    pub(crate) fn disarm(&self) {
        *self.shared.lock() = None;
    }
}

fn watch(shared: &Shared, isolate: &v8::IsolateHandle) {
    let mut deadline = shared.lock();
    loop {
        let Some(at) = *deadline else {
            deadline = shared
                .changed
                .wait(deadline)
                .unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let left = at.saturating_duration_since(now());
        if left > Duration::ZERO {
            let waited = shared.changed.wait_timeout(deadline, left);
            deadline = waited.unwrap_or_else(PoisonError::into_inner).0;
            continue;
        }
        *deadline = None;
        if !sys::interrupt(isolate) {
            return;
        }
    }
}

/// The child's clock: the one place of this crate that reads it.
#[expect(
    clippy::disallowed_methods,
    reason = "the child's shell: deadlines and timers are real"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
