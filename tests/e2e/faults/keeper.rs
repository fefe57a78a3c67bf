//! `Keeper`: what a service manager does for one worker: it starts it again.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Child;

use crate::support::proc::{self, Process};
use crate::support::{Place, lode};

/// Pause before a worker that ended by itself is started again.
const RESTART_US: u64 = 300_000;

/// See the file's head. The worker is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Keeper {
    /// Settings and queue of the worker.
    pub(super) settings: Vec<String>,
    pub(super) queue: String,
    master: Option<Child>,
    start_us: u64,
    /// One for each start.
    logs: Vec<PathBuf>,
    /// What was said by workers that served and then ended although nobody had killed them.
    pub(super) gave_up: Vec<String>,
}

impl Keeper {
    pub(super) fn new(queue: String, settings: &[&str]) -> Self {
        Self {
            settings: settings.iter().map(|&setting| setting.to_owned()).collect(),
            queue,
            master: None,
            start_us: 0,
            logs: Vec::new(),
            gave_up: Vec::new(),
        }
    }

    /// Looks after the worker: to be called again and again.
    pub(super) fn tend(&mut self, place: &Place, now_us: u64) {
        if let Some(master) = &mut self.master {
            if let Some(status) = master.try_wait().unwrap() {
                self.master = None;
                self.start_us = now_us + RESTART_US;
                let log = self.log();
                // One that cannot reach its queue at its start says so and ends: that is right.
                if log.contains("serving guest") {
                    self.gave_up.push(format!("{status}\n{log}"));
                }
            }
        } else if now_us >= self.start_us {
            self.start(place);
        }
    }

    fn start(&mut self, place: &Place) {
        let log = place.new_path("worker");
        let mut command = lode();
        for setting in &self.settings {
            let (name, value) = setting.split_once('=').unwrap();
            command.env(format!("LODE_{name}"), value);
        }
        let master = command
            .args(["serve", "--queue", &self.queue, "--store", &place.store])
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        self.master = Some(master);
        self.logs.push(log);
    }

    /// SIGKILL to the master, which is not started again before `until_us`.
    pub(super) fn kill(&mut self, until_us: u64) {
        if let Some(mut master) = self.master.take() {
            // Already gone is as good.
            let _ = master.kill();
            let _ = master.wait();
        }
        self.start_us = until_us;
    }

    /// The master while it runs.
    pub(super) fn master(&self) -> Option<Process> {
        let pid = i32::try_from(self.master.as_ref()?.id()).unwrap();
        let ours = proc::children(i32::try_from(std::process::id()).unwrap());
        ours.into_iter().find(|process| process.pid == pid)
    }

    /// Zygotes, and children that run jobs or wait for one.
    pub(super) fn zygotes_and_children(&self) -> (Vec<Process>, Vec<Process>) {
        let below = |processes: &[Process]| -> Vec<Process> {
            let each = processes.iter().map(|process| process.pid);
            each.flat_map(proc::children).collect()
        };
        let launchers = below(self.master().as_slice());
        let zygotes = below(&launchers);
        let children = below(&zygotes);
        (zygotes, children)
    }

    /// The log of the last start.
    fn log(&self) -> String {
        let log = self.logs.last().map(fs::read_to_string);
        log.and_then(Result::ok).unwrap_or_default()
    }

    /// The logs of all starts.
    pub(super) fn all_logs(&self) -> impl Iterator<Item = String> {
        let texts = self.logs.iter().map(fs::read);
        texts.map(|text| String::from_utf8_lossy(&text.unwrap_or_default()).into_owned())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.kill(u64::MAX);
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(30)..];
            eprintln!("--- end of a worker's log\n{}", last.join("\n"));
        }
    }
}
