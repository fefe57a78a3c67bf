//! A background process: started by us, and gone when we are, however we end.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::{deadline, place, step};

/// Lines of its log that are shown when a process ends too early.
const LOG_LINES: usize = 20;

/// A running process. Dropping it kills it, by its own handle and no other.
#[derive(Debug)]
pub(crate) struct Background {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Background {
    /// Starts `program`, without a standard input and with all its output in the file `log`.
    pub(crate) fn start(
        name: &'static str,
        program: &Path,
        log: &Path,
        set_up: impl FnOnce(&mut Command),
    ) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("file {}", log.display()))?;
        let mut command = tied_to_us(program, "KILL");
        set_up(&mut command);
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let child = command
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        Ok(Self {
            name,
            child,
            log: log.to_path_buf(),
        })
    }

    /// An error once the process has ended by itself.
    pub(crate) fn check_alive(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(LOG_LINES).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            bail!(
                "{} ended with {status}; it said:\n{}",
                self.name,
                tail.join("\n")
            );
        }
        Ok(())
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn terminate(mut self, limit: Duration) -> Result<ExitStatus> {
        self.check_alive()?;
        let id = self.child.id().to_string();
        step::run(Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]))?;
        let what = format!("the end of {} after SIGTERM", self.name);
        deadline::wait(limit, &what, || Ok(self.child.try_wait()?))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `program` such that the kernel sends it `signal` when xtask is killed: no `Drop` runs then.
/// `setpriv` is part of util-linux and becomes the program, so that the process id is the same.
pub(crate) fn tied_to_us(program: &Path, signal: &str) -> Command {
    let Some(setpriv) = place::program("setpriv") else {
        return Command::new(program);
    };
    let mut tied = Command::new(setpriv);
    tied.args(["--pdeathsig", signal, "--"]).arg(program);
    tied
}
