//! `cargo xtask demo`: drives the real binary, with the embedded store and queue, through a story.
//!
//! Every hook is a file in `tests/hooks/demo`. The demo is also a check: an outcome with another
//! tag than the story expects makes it fail.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::{place, say, step, v8};

mod report;
mod story;
mod worker;

use story::{REQUESTS, STORY};
use worker::Worker;

/// Runs the story. Fails if a job ends in another way than it tells.
pub(crate) fn run() -> Result<ExitCode> {
    v8::provide(v8::Origin::Any)?;
    let mut cargo = Command::new("cargo");
    step::run(
        cargo
            .args(["build", "--package", "lode"])
            .current_dir(place::root()),
    )?;
    let folder = fresh_folder()?;
    let worker = Worker::start(folder.clone())?;
    let mut wrong = 0;
    for scene in STORY {
        say::line("");
        say::line(scene.says);
        let outcome = worker.send(scene)?;
        wrong += usize::from(outcome["tag"] != scene.tag);
        say::line(&report::line(scene, &outcome));
    }
    for request in REQUESTS {
        say::line("");
        say::line(request.says);
        let reply = worker.ask(request)?;
        wrong += usize::from(reply["status"] != request.status);
        say::line(&report::request_line(request, &reply));
    }
    let status = worker.stop()?;
    say::line("");
    if !status.success() {
        bail!("the worker ended with {status} after SIGTERM");
    }
    let (jobs, requests) = (STORY.len(), REQUESTS.len());
    if wrong > 0 {
        say::line(&format!(
            "{wrong} of {jobs} jobs and {requests} requests ended otherwise than they should"
        ));
        return Ok(ExitCode::FAILURE);
    }
    say::line(&format!(
        "{jobs} jobs and the hooks of {requests} requests, each in its own process and its own V8 \
         isolate, ended as they should; the worker ran on and left with exit code 0."
    ));
    say::line(&format!(
        "Data, queue and the worker's log are in {}",
        folder.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// A folder that the last demo has not used.
fn fresh_folder() -> Result<PathBuf> {
    let folder = place::target().join("demo");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
