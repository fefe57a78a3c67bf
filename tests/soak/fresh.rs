//! The other side of the comparison: one script in a new isolate of a new process, no fork.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lode_isolate::{Incoming, Port, Pristine, engine};
use lode_proto::ChildExit;
use lode_proto::message::{Call, Done, Log, Reply};

use crate::forks::echo;
use crate::script::{Script, comparable};

/// The argument that makes this program run one script and print its report.
pub(crate) const FRESH: &str = "--fresh";

/// What `script` says in two new processes; an error when they disagree with each other.
pub(crate) fn expected(script: &Script) -> Result<String> {
    let first = run_elsewhere(&script.path)?;
    let name = &script.name;
    ensure!(
        first == run_elsewhere(&script.path)?,
        "{name} is not deterministic: it proves nothing here"
    );
    Ok(first)
}

fn run_elsewhere(path: &Path) -> Result<String> {
    let output = Command::new("/proc/self/exe")
        .args([FRESH.as_ref(), path.as_os_str()])
        // The zygote's surroundings: no environment, and no time zone but UTC to be found.
        .env_clear()
        .env("TZ", "UTC")
        .output()?;
    let what = || format!("{} in a new process", path.display());
    ensure!(
        output.status.success(),
        "{} ended with {}",
        what(),
        output.status
    );
    String::from_utf8(output.stdout).with_context(what)
}

/// Runs the script at `path` in this process and prints its report.
#[expect(clippy::print_stdout, reason = "the report is this process's result")]
pub(crate) fn main(path: &str) -> Result<ExitCode> {
    let script = Script::read(Path::new(path))?;
    engine::init(|exit| lode_jail::exit_now(exit.code()));
    let mut pristine = Pristine::build().map_err(anyhow::Error::msg)?;
    pristine
        .wake([7; 16], lode_jail::process_cpu_us)
        .map_err(anyhow::Error::msg)?;
    let port = MemoryPort::default();
    let report = Arc::clone(&port.report);
    let exit = pristine.run(script.run, Box::new(port));
    ensure!(exit == ChildExit::Reported, "{path} ended with {exit:?}");
    let done = report.lock().unwrap_or_else(PoisonError::into_inner).take();
    print!("{}", comparable(done.context("no report")?)?);
    Ok(ExitCode::SUCCESS)
}

/// A port without a socket.
#[derive(Debug, Default)]
struct MemoryPort {
    replies: VecDeque<Reply>,
    report: Arc<Mutex<Option<Done>>>,
}

impl Port for MemoryPort {
    fn call(&mut self, call: &Call) -> io::Result<()> {
        self.replies.push_back(echo(call));
        Ok(())
    }

    fn log(&mut self, _log: &Log) -> io::Result<()> {
        Ok(())
    }

    fn done(&mut self, done: &Done) -> io::Result<()> {
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = Some(done.clone());
        Ok(())
    }

    fn receive(&mut self, wait: Option<Duration>) -> io::Result<Incoming> {
        let Some(reply) = self.replies.pop_front() else {
            // Only timers are waited for: there is nobody else who could say something.
            std::thread::park_timeout(wait.unwrap_or(Duration::ZERO));
            return Ok(Incoming::TimedOut);
        };
        Ok(Incoming::Reply(reply))
    }

    fn cpu_us(&self) -> u64 {
        0
    }
}
