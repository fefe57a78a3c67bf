//! A lane: threads that own their connections and carry out what async callers send them.
//!
//! Threads of our own rather than the runtime's: an operation then costs one hand-over, keeps
//! its prepared statements, and is finished even when the caller has gone.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::StoreError;
use crate::limits::WAITING_OPERATIONS_MAX;

type Task = Box<dyn FnOnce(&mut Connection) + Send>;

/// The sending side; dropping it finishes what waits and joins the threads.
#[derive(Debug)]
pub(super) struct Lane {
    /// None only while dropping.
    tasks: Option<SyncSender<Task>>,
    threads: Vec<JoinHandle<()>>,
}

impl Lane {
    /// Starts one thread per connection.
    pub(super) fn start(name: &str, connections: Vec<Connection>) -> Result<Self, StoreError> {
        let (tasks, waiting) = sync_channel(WAITING_OPERATIONS_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        let mut threads = Vec::with_capacity(connections.len());
        for connection in connections {
            let waiting = Arc::clone(&waiting);
            let thread = thread::Builder::new()
                .name(format!("store-{name}"))
                .spawn(move || serve(connection, &waiting))
                .map_err(|error| StoreError::unavailable("start a thread", error))?;
            threads.push(thread);
        }
        Ok(Self {
            tasks: Some(tasks),
            threads,
        })
    }

    /// Carries out `work` on one of the lane's connections.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let task: Task = Box::new(move |connection| {
            // Nobody to reply to means that the caller gave up waiting; the work stands.
            let _ = reply.send(work(connection));
        });
        let tasks = self.tasks.as_ref().ok_or(StoreError::Stopped)?;
        match tasks.try_send(task) {
            Ok(()) => answer.await.map_err(|_| StoreError::Stopped)?,
            Err(TrySendError::Full(_)) => Err(StoreError::Overloaded {
                limit: WAITING_OPERATIONS_MAX,
            }),
            Err(TrySendError::Disconnected(_)) => Err(StoreError::Stopped),
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.tasks = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a store thread had panicked");
            }
        }
    }
}

fn serve(mut connection: Connection, waiting: &Mutex<Receiver<Task>>) {
    loop {
        // The lock is held while waiting: the threads of a lane take turns at the queue.
        let next = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(task) = next else { return };
        // A panic is our bug. It has rolled its transaction back while unwinding, and must not
        // take the thread, and so every later operation, with it.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| task(&mut connection))) {
            tracing::error!(
                panic = panic_text(panic.as_ref()),
                "a store operation panicked"
            );
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane() -> Lane {
        Lane::start("test", vec![Connection::open_in_memory().unwrap()]).unwrap()
    }

    #[tokio::test]
    async fn a_panic_fails_its_own_operation_only() {
        let lane = lane();
        let broken = lane
            .run(|_| -> Result<(), _> { panic!("on purpose") })
            .await;
        assert!(matches!(broken, Err(StoreError::Stopped)));
        assert_eq!(lane.run(|_| Ok(7)).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn an_operation_whose_caller_has_gone_is_finished() {
        let (held, hold) = std::sync::mpsc::channel::<()>();
        let (done, finished) = std::sync::mpsc::channel();
        let lane = lane();
        {
            let mut abandoned = Box::pin(lane.run(move |_| {
                // Reached only after the caller dropped its future.
                hold.recv().unwrap();
                done.send(()).unwrap();
                Ok(())
            }));
            assert!(poll_once(abandoned.as_mut()).is_none());
        }
        held.send(()).unwrap();
        finished.recv().unwrap();
    }

    #[tokio::test]
    async fn a_full_lane_refuses_rather_than_grows() {
        let (held, hold) = std::sync::mpsc::channel::<()>();
        let lane = lane();
        let hold = Mutex::new(hold);
        let mut waiting = vec![Box::pin(lane.run(move |_| {
            hold.lock().unwrap().recv().unwrap();
            Ok(())
        }))];
        assert!(poll_once(waiting[0].as_mut()).is_none());
        let overloaded = loop {
            let mut next = Box::pin(lane.run(|_| Ok(())));
            if let Some(result) = poll_once(next.as_mut()) {
                break result;
            }
            drop(next);
        };
        assert!(matches!(overloaded, Err(StoreError::Overloaded { .. })));
        held.send(()).unwrap();
        waiting.remove(0).await.unwrap();
    }

    fn poll_once<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.poll(&mut context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        }
    }
}
