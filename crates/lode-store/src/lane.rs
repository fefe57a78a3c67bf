//! A lane: threads that own their connections, or take them from a pool, and carry out what async
//! callers send them.
//!
//! Threads of our own rather than the runtime's: an operation then costs one hand-over, keeps
//! its prepared statements, and may take its time without blocking anything but its lane.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::StoreError;
use crate::budget::Limit;
use crate::turns::Turns;

/// An operation on its way to a thread, which gives it its connection.
struct Task<C> {
    /// Set once nobody waits for it any more.
    abandoned: Arc<AtomicBool>,
    work: Box<dyn FnOnce(&mut C) + Send>,
}

/// The sending side; dropping it ends the threads and joins them. Whatever runs or waits then has
/// lost its caller, who would hold the lane, and so ends soon.
#[derive(Debug)]
pub(crate) struct Lane<C> {
    desk: Arc<Desk<C>>,
    /// How long one operation may run.
    limit_ms: u64,
    threads: Vec<JoinHandle<()>>,
}

/// Where operations wait for the threads.
#[derive(Debug)]
struct Desk<C> {
    queue: Mutex<Queue<C>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Queue<C> {
    turns: Turns<Task<C>>,
    is_open: bool,
}

/// Lives as long as a caller waits.
struct Caller(Arc<AtomicBool>);

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<C> fmt::Debug for Task<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").finish_non_exhaustive()
    }
}

impl<C> Task<C> {
    fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }
}

impl<C: Send + 'static> Lane<C> {
    /// Starts one thread per connection; an operation may run for `limit_ms`.
    pub(crate) fn start(
        name: &str,
        connections: Vec<C>,
        limit_ms: u64,
    ) -> Result<Self, StoreError> {
        let queue = Queue {
            turns: Turns::new(connections.len()),
            is_open: true,
        };
        let mut lane = Self {
            limit_ms,
            desk: Arc::new(Desk {
                queue: Mutex::new(queue),
                changed: Condvar::new(),
            }),
            threads: Vec::with_capacity(connections.len()),
        };
        for connection in connections {
            let desk = Arc::clone(&lane.desk);
            let thread = thread::Builder::new()
                .name(format!("store-{name}"))
                .spawn(move || serve(connection, &desk))
                .map_err(|error| StoreError::unavailable("start a thread", error))?;
            lane.threads.push(thread);
        }
        Ok(lane)
    }

    /// Carries out `work` for this app on one of the lane's connections; it has to end by the
    /// limit that it is given. Without its caller it is not started any more.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        app: &str,
        work: impl FnOnce(&mut C, Limit) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let caller = Caller(Arc::new(AtomicBool::new(false)));
        let abandoned = Arc::clone(&caller.0);
        let limit_ms = self.limit_ms;
        let task = Task {
            abandoned: Arc::clone(&caller.0),
            work: Box::new(move |connection| {
                // Without a caller there is nobody to reply to.
                let _ = reply.send(work(connection, Limit::start(abandoned).of_ms(limit_ms)));
            }),
        };
        self.desk.lock().turns.push(app, task, Task::is_abandoned)?;
        self.desk.changed.notify_one();
        answer.await.map_err(|_| StoreError::Stopped)?
    }
}

impl<C> Drop for Lane<C> {
    fn drop(&mut self) {
        self.desk.lock().is_open = false;
        self.desk.changed.notify_all();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a store thread had panicked");
            }
        }
    }
}

impl<C> Desk<C> {
    fn lock(&self) -> MutexGuard<'_, Queue<C>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next task; None once the lane is closed.
    fn next(&self) -> Option<(String, Task<C>)> {
        let mut queue = self.lock();
        loop {
            if !queue.is_open {
                return None;
            }
            if let Some(next) = queue.turns.take() {
                return Some(next);
            }
            queue = self
                .changed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn serve<C>(mut connection: C, desk: &Desk<C>) {
    while let Some((app, task)) = desk.next() {
        if !task.is_abandoned() {
            // A panic is our bug. It has rolled its transaction back while unwinding, and must
            // not take the thread, and so every later operation, with it.
            let work = AssertUnwindSafe(|| (task.work)(&mut connection));
            if let Err(panic) = catch_unwind(work) {
                tracing::error!(
                    panic = panic_text(panic.as_ref()),
                    "a store operation panicked"
                );
            }
        }
        // This thread looks next, so nobody need be woken for the app's free place.
        desk.lock().turns.finish(&app);
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::budget::Budget;
    use crate::limits::OPERATION_MS_MAX;

    fn lane(threads: usize) -> Lane<()> {
        Lane::start("test", vec![(); threads], OPERATION_MS_MAX).unwrap()
    }

    #[tokio::test]
    async fn a_panic_fails_its_own_operation_only() {
        let lane = lane(1);
        let broken = lane
            .run("a", |_, _| -> Result<(), _> { panic!("on purpose") })
            .await;
        assert!(matches!(broken, Err(StoreError::Stopped)));
        assert_eq!(lane.run("a", |_, _| Ok(7)).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn an_operation_whose_caller_goes_ends_and_what_it_had_waiting_never_starts() {
        let (begun, has_begun) = mpsc::channel();
        let (ended, has_ended) = mpsc::channel();
        let (started, has_started) = mpsc::channel();
        let lane = lane(1);
        {
            let mut running = Box::pin(lane.run("a", move |_, limit| {
                begun.send(()).unwrap();
                let budget = Budget::new(limit);
                // As a walk through a document does.
                while !budget.step() {}
                ended.send(budget.check().unwrap_err()).unwrap();
                Ok(())
            }));
            let mut waiting = Box::pin(lane.run("a", move |_, _| {
                started.send(()).unwrap();
                Ok(())
            }));
            assert!(poll_once(running.as_mut()).is_none());
            assert!(poll_once(waiting.as_mut()).is_none());
            has_begun.recv().unwrap();
        }
        // Not by its deadline, which would be another error.
        let reason = has_ended.recv().unwrap();
        assert!(matches!(reason, StoreError::Stopped), "{reason}");
        lane.run("a", |_, _| Ok(())).await.unwrap();
        assert!(has_started.try_recv().is_err());
    }

    #[tokio::test]
    async fn four_long_operations_of_one_app_leave_threads_to_another() {
        let lane = lane(4);
        let mut held = Vec::new();
        let mut long = Vec::new();
        for _ in 0..4 {
            let (release, hold) = mpsc::channel::<()>();
            held.push(release);
            let mut operation = Box::pin(lane.run("a", move |_, _| {
                // Fails when the sender is dropped, which releases it, too.
                let _ = hold.recv();
                Ok(())
            }));
            assert!(poll_once(operation.as_mut()).is_none());
            long.push(operation);
        }
        // So long only if they do not: the four wait for this test.
        let other = lane.run("b", |_, _| Ok(7));
        let reply = tokio::time::timeout(Duration::from_secs(30), other).await;
        assert_eq!(reply.unwrap().unwrap(), 7);
        drop(held);
        for operation in long {
            operation.await.unwrap();
        }
    }

    fn poll_once<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.poll(&mut context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        }
    }
}
