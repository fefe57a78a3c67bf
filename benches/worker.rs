//! `Worker`: a `lode serve` of its own, as anybody would start it.

use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::arm::Way;
use crate::cpu::Cpu;
use crate::setting::Setting;

/// See the file's head. Dropping it ends the worker.
#[derive(Debug)]
pub(crate) struct Worker(Child);

impl Worker {
    /// Starts a worker; the first jobs will find it getting ready.
    pub(crate) fn start(setting: &Setting, way: Way) -> Result<Self> {
        let child = Command::new(&setting.lode)
            .args(["serve", "--queue", &setting.queue_url(way)])
            .args(["--store", &setting.store_url])
            .args(["--max-children", &setting.max_children.to_string()])
            .args(["--warm", &setting.warm.to_string()])
            // One app sends all jobs; its cap is not what is measured.
            .env("LODE_QUEUE_APP_MAX_CONCURRENT", "-1")
            .stdin(Stdio::null())
            // The log is written as always, and read by nobody.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{}", setting.lode.display()))?;
        Ok(Self(child))
    }

    /// What the worker and its processes have used so far.
    pub(crate) fn cpu(&self) -> Result<Cpu> {
        Cpu::of_worker(self.0.id())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
