//! The soft limits of time: a thread of the child that stops JavaScript from outside.
//!
//! It is advisory, and only there to report *where* the hook was: the master's SIGKILL and the
//! kernel's SIGXCPU are the truth. It is started before the system-call filter, which allows no
//! new thread.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deno_core::v8;

use crate::sys;

/// Between two looks at a deadline that has passed while the hook waits for a host call, which
/// stops its clock.
const SLICE: Duration = Duration::from_millis(20);

/// Why JavaScript was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The wall limit passed.
    Wall,
    /// The processor time was used up.
    Cpu,
}

/// The job's limits of time as the thread sees them. The run moves the deadline without a system
/// call: it only ever moves it further away, so the thread may sleep on and look again.
#[derive(Debug, Default)]
struct Limits {
    /// Microseconds after `Shared::base`; zero while there is no job.
    deadline_us: AtomicU64,
    /// The process's CPU time, in microseconds, at which the job has used its share.
    cpu_end_us: AtomicU64,
    /// The hook waits for a host call: its clock stands still.
    waiting: AtomicBool,
    /// Which limit was reached: 0 none, 1 wall, 2 CPU.
    reached: AtomicU8,
}

#[derive(Debug)]
struct Shared {
    base: Instant,
    limits: Limits,
    armed: Mutex<bool>,
    changed: Condvar,
    /// CPU time of this process, in microseconds.
    cpu_us: fn() -> u64,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, bool> {
        // A panicking holder leaves a whole bool behind: there is nothing to distrust.
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn micros(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.base).as_micros()).unwrap_or(u64::MAX)
    }

    /// How long to sleep, or which limit has been reached; `None` while there is no job.
    fn look(&self) -> Option<Result<Duration, Stopped>> {
        // The flag first: whoever clears it has moved the deadline before.
        let waiting = self.limits.waiting.load(Ordering::Acquire);
        let deadline_us = match self.limits.deadline_us.load(Ordering::Acquire) {
            0 => return None,
            deadline_us => deadline_us,
        };
        let cpu_end_us = self.limits.cpu_end_us.load(Ordering::Relaxed);
        // The run is the one thread that computes: it needs at least as long for what is left.
        let cpu_left_us = cpu_end_us.saturating_sub((self.cpu_us)());
        let wall_left_us = deadline_us.saturating_sub(self.micros(now()));
        if cpu_left_us == 0 {
            return Some(Err(Stopped::Cpu));
        }
        let wall_left = match (wall_left_us, waiting) {
            (0, false) => return Some(Err(Stopped::Wall)),
            (0, true) => SLICE,
            (left, _) => Duration::from_micros(left),
        };
        Some(Ok(wall_left.min(Duration::from_micros(cpu_left_us))))
    }
}

/// The thread's handle in the job.
#[derive(Debug, Clone)]
pub(crate) struct Watchdog {
    shared: Arc<Shared>,
}

impl Watchdog {
    /// Starts the thread, unarmed. `cpu_us` tells this process's CPU time in microseconds.
    pub(crate) fn start(isolate: v8::IsolateHandle, cpu_us: fn() -> u64) -> Result<Self, String> {
        let shared = Arc::new(Shared {
            base: now(),
            limits: Limits::default(),
            armed: Mutex::new(false),
            changed: Condvar::new(),
            cpu_us,
        });
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

    /// Sets the limits of the job; the thread fires once when one of them is reached.
    pub(crate) fn arm(&self, deadline: Instant, cpu_limit_us: u64) {
        let shared = &self.shared;
        let cpu_end_us = (shared.cpu_us)().saturating_add(cpu_limit_us);
        shared
            .limits
            .cpu_end_us
            .store(cpu_end_us, Ordering::Relaxed);
        self.move_deadline(deadline);
        *shared.lock() = true;
        shared.changed.notify_one();
    }

    /// Moves the deadline further away.
    fn move_deadline(&self, deadline: Instant) {
        let us = self.shared.micros(deadline).max(1);
        self.shared.limits.deadline_us.store(us, Ordering::Release);
    }

    /// The hook begins to wait for a host call.
    pub(crate) fn pause(&self) {
        self.shared.limits.waiting.store(true, Ordering::Release);
    }

    /// It goes on; its deadline is this one now.
    pub(crate) fn resume(&self, deadline: Instant) {
        self.move_deadline(deadline);
        self.shared.limits.waiting.store(false, Ordering::Release);
    }

    /// Takes the limits away.
    pub(crate) fn disarm(&self) {
        self.shared.limits.deadline_us.store(0, Ordering::Release);
    }

    /// Which limit was reached.
    pub(crate) fn stopped(&self) -> Stopped {
        match self.shared.limits.reached.load(Ordering::Acquire) {
            2 => Stopped::Cpu,
            _ => Stopped::Wall,
        }
    }
}

fn watch(shared: &Shared, isolate: &v8::IsolateHandle) {
    let mut armed = shared.lock();
    loop {
        if !*armed {
            let woken = shared.changed.wait(armed);
            armed = woken.unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        match shared.look() {
            Some(Ok(left)) => {
                let waited = shared.changed.wait_timeout(armed, left);
                armed = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            Some(Err(stopped)) => {
                let reason = match stopped {
                    Stopped::Wall => 1,
                    Stopped::Cpu => 2,
                };
                shared.limits.reached.store(reason, Ordering::Release);
                *armed = false;
                if !sys::interrupt(isolate) {
                    return;
                }
            }
            None => *armed = false,
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
