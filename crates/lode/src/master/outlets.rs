//! The outlets of a worker: what its hooks write and send beside their outcomes, and the tasks behind.

use std::sync::Arc;

use anyhow::Result;
use lode_store::Store;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::master::effects::{self, Effects};
use crate::master::lines::{self, LineDesk};

/// What a job's host calls and log lines go through.
#[derive(Debug, Clone)]
pub(crate) struct Outlets {
    pub(crate) effects: Effects,
    /// `None` where no lines are kept.
    pub(crate) lines: Option<Arc<LineDesk>>,
}

/// The tasks that send and write.
#[derive(Debug)]
pub(crate) struct OutletTasks(Vec<(oneshot::Sender<()>, JoinHandle<()>)>);

impl Outlets {
    /// For a run of a developer's own: nothing is sent or kept.
    pub(crate) fn shown(config: &Config) -> Self {
        Self {
            effects: Effects::shown(config),
            lines: None,
        }
    }

    /// For a job that is only compiled.
    pub(crate) fn none() -> Self {
        Self {
            effects: Effects::none(),
            lines: None,
        }
    }

    /// Starts a worker's outlets. A mail server or webhook that cannot be meant is an error; one
    /// that is away is not.
    pub(crate) fn start(config: &Config, store: &Arc<dyn Store>) -> Result<(Self, OutletTasks)> {
        let (desk, sender) = effects::open(config, store)?;
        let mut tasks = OutletTasks(Vec::new());
        tasks.spawn(|stop| sender.run(stop));
        let lines = lines::open(&config.logs, store).map(|(desk, keeper)| {
            tasks.spawn(|stop| keeper.run(stop));
            desk
        });
        let effects = Effects::Recorded(desk);
        Ok((Self { effects, lines }, tasks))
    }
}

impl OutletTasks {
    fn spawn<F>(&mut self, task: impl FnOnce(oneshot::Receiver<()>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, stopped) = oneshot::channel();
        self.0.push((stop, tokio::spawn(task(stopped))));
    }

    /// Lets the tasks finish what they have begun, and waits for it.
    pub(crate) async fn finish(self) {
        let mut handles = Vec::new();
        for (stop, handle) in self.0 {
            // One that has ended already needs no word.
            let _ = stop.send(());
            handles.push(handle);
        }
        for handle in handles {
            if let Err(error) = handle.await {
                tracing::error!(%error, "a task of the outlets failed");
            }
        }
    }
}
