//! A worker: `lode serve` in the background, and the command line that talks to it.

use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::story::{REQUEST_HOOKS, Request, STORY, Scene};
use crate::background::Background;
use crate::{deadline, place, step};

const APP: &str = "shop";
/// Short, so that the endless loop does not make a long demo; the default is five seconds.
const WALL_LIMIT_MS: &str = "1000";
const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// A running worker with the story's app and hooks.
#[derive(Debug)]
pub(crate) struct Worker {
    folder: PathBuf,
    process: Background,
}

impl Worker {
    /// Creates the app and its hooks in `folder`, then starts a worker there.
    pub(crate) fn start(folder: PathBuf) -> Result<Self> {
        let limit = format!("wall_limit_ms={WALL_LIMIT_MS}");
        let app = ["app", "create", APP, "--limit", &limit];
        step::stdout(lode(&folder).args(app))?;
        let jobs = STORY.iter().map(|scene| (scene.hook, scene.file));
        let mut done = Vec::new();
        for (hook, file) in jobs.chain(REQUEST_HOOKS.iter().copied()) {
            if done.contains(&hook) {
                continue;
            }
            done.push(hook);
            let file = place::root().join("tests/hooks/demo").join(file);
            let mut put = lode(&folder);
            put.args(["hook", "put", APP])
                .arg(file)
                .args(["--on", hook]);
            step::stdout(&mut put)?;
        }
        let log = folder.join("worker.log");
        let mut process =
            Background::start("lode serve", &place::lode_binary(), &log, |command| {
                command
                    .arg("serve")
                    .current_dir(&folder)
                    .env("NO_COLOR", "1");
            })?;
        deadline::wait(START_LIMIT, "the start of the worker", || {
            process.check_alive()?;
            let log = std::fs::read_to_string(&log)?;
            Ok(log.contains("serving").then_some(()))
        })?;
        Ok(Self { folder, process })
    }

    /// Sends one job and waits for its outcome.
    pub(crate) fn send(&self, scene: &Scene) -> Result<Value> {
        let mut command = lode(&self.folder);
        command.args([
            "enqueue", APP, scene.hook, "--body", scene.body, "--wait", "10s",
        ]);
        // Exit code 1 and an outcome: the job ended, but not well. That may be the point of it.
        self.answer(&mut command, scene.hook)
    }

    /// Makes one request and waits for its reply.
    pub(crate) fn ask(&self, request: &Request) -> Result<Value> {
        let mut command = lode(&self.folder);
        command.args(["data", APP, "--json"]);
        command.args(request.asks.split(' '));
        if let Some(body) = request.body {
            command.args(["--body", body]);
        }
        self.answer(&mut command, request.asks)
    }

    /// The JSON that a command prints, whatever its exit code.
    fn answer(&self, command: &mut Command, what: &str) -> Result<Value> {
        let output = command.stderr(Stdio::inherit()).output()?;
        let text = String::from_utf8(output.stdout)?;
        if text.trim().is_empty() {
            let log = self.folder.join("worker.log");
            bail!(
                "{what} has no answer; the worker's log is {}",
                log.display()
            );
        }
        serde_json::from_str(&text).with_context(|| format!("answer of {what}"))
    }

    /// SIGTERM: the worker finishes what it runs and leaves.
    pub(crate) fn stop(self) -> Result<ExitStatus> {
        self.process.terminate(STOP_LIMIT)
    }
}

/// `lode` in the demo's folder, where the embedded defaults put their files.
fn lode(folder: &PathBuf) -> Command {
    let mut command = Command::new(place::lode_binary());
    command.current_dir(folder).stdin(Stdio::null());
    command
}
