//! `Worker`: a running `lode serve`, its log and its processes.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command};

use lode_proto::Outcome;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::proc::{self, Process};
use super::{Place, eventually, lode};

/// See the file's head. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Worker {
    master: Child,
    log: PathBuf,
}

impl Worker {
    /// Starts a worker with these settings (`POOL_WARM=2`) and waits until it serves.
    #[track_caller]
    pub(crate) fn start(place: &Place, settings: &[&str]) -> Self {
        Self::start_by(lode(), place, settings)
    }

    /// The same by a command that becomes the binary, such as `unshare … lode`.
    #[track_caller]
    pub(crate) fn start_by(mut command: Command, place: &Place, settings: &[&str]) -> Self {
        let log = place.new_path("worker");
        for setting in settings {
            let (name, value) = setting.split_once('=').unwrap();
            command.env(format!("LODE_{name}"), value);
        }
        let master = command
            .args(["serve", "--queue", &place.queue, "--store", &place.store])
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut worker = Self { master, log };
        eventually("the worker serves", || {
            let ended = worker.master.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}: {}", worker.log());
            worker.has_logged("serving guest").then_some(())
        });
        worker
    }

    /// Everything that it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// True when a text stands in its log.
    pub(crate) fn has_logged(&self, text: &str) -> bool {
        self.log().contains(text)
    }

    /// Waits until a text stands in its log.
    #[track_caller]
    pub(crate) fn await_log(&self, text: &str) {
        eventually(text, || self.has_logged(text).then_some(()));
    }

    /// Waits until the log has all that was said of a job up to its end: the log is written by a
    /// thread of its own, and may come after the outcome.
    #[track_caller]
    pub(crate) fn await_settled(&self, outcome: &Outcome) {
        self.await_log(&format!("settled job=\"{}\"", outcome.id));
    }

    /// The master's pid.
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.master.id()).unwrap()
    }

    /// SIGTERM to the master.
    pub(crate) fn terminate(&self) {
        kill(Pid::from_raw(self.pid()), Signal::SIGTERM).unwrap();
    }

    /// Another signal to the master.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// SIGTERM again and again.
    #[track_caller]
    pub(crate) fn terminate_until_gone(&mut self) {
        eventually("the worker ends", || {
            self.terminate();
            self.master.try_wait().unwrap()
        });
    }

    /// Waits for the master's end; its exit code.
    #[track_caller]
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        eventually("the worker ends", || self.master.try_wait().unwrap()).code()
    }

    /// SIGKILL to the master.
    pub(crate) fn kill(&mut self) {
        // Already gone is as good.
        let _ = self.master.kill();
        let _ = self.master.wait();
    }

    /// The processes between master and zygotes.
    pub(crate) fn launchers(&self) -> Vec<Process> {
        proc::children(self.pid())
    }

    /// The processes that fork the children.
    pub(crate) fn zygotes(&self) -> Vec<Process> {
        let launchers = self.launchers();
        launchers
            .iter()
            .flat_map(|launcher| proc::children(launcher.pid))
            .collect()
    }

    /// The processes that run jobs, or wait for one.
    pub(crate) fn children(&self) -> Vec<Process> {
        let zygotes = self.zygotes();
        zygotes
            .iter()
            .flat_map(|zygote| proc::children(zygote.pid))
            .collect()
    }

    /// Waits until there are `count` children, each with its zygote's filter and its own; they are those that wait
    /// for a job when none has been enqueued.
    #[track_caller]
    pub(crate) fn idle_children(&self, count: usize) -> Vec<Process> {
        eventually("children wait for jobs", || {
            let children = self.children();
            let ready = |child: &Process| {
                let filters = child.of_each_thread("Seccomp_filters");
                !filters.is_empty() && filters.iter().all(|count| count == "2")
            };
            (children.len() == count && children.iter().all(ready)).then_some(children)
        })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- log of the worker\n{}", self.log());
        }
    }
}
