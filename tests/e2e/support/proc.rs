//! Processes as `/proc` shows them.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// One process: a pid and the time of its start, so that a reused pid is another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    started: u64,
}

/// The fields of `/proc/PID/stat` that are of use here.
struct Stat {
    parent: i32,
    ended: bool,
    user_ticks: u64,
    started: u64,
}

fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold anything.
    let fields: Vec<&str> = text[text.rfind(')')? + 2..].split(' ').collect();
    Some(Stat {
        parent: fields[1].parse().ok()?,
        ended: matches!(fields[0], "Z" | "X"),
        user_ticks: fields[11].parse().ok()?,
        started: fields[19].parse().ok()?,
    })
}

/// Living children of a process.
pub(crate) fn children(parent: i32) -> Vec<Process> {
    let pids = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| {
        let stat = stat(pid)?;
        (stat.parent == parent && !stat.ended).then_some(Process {
            pid,
            started: stat.started,
        })
    })
    .collect()
}

/// Everything below a process.
pub(crate) fn descendants(parent: i32) -> BTreeSet<Process> {
    let mut found = BTreeSet::new();
    let mut open = vec![parent];
    while let Some(pid) = open.pop() {
        for process in children(pid) {
            open.push(process.pid);
            found.insert(process);
        }
    }
    found
}

impl Process {
    /// True while it runs.
    pub(crate) fn lives(&self) -> bool {
        stat(self.pid).is_some_and(|stat| !stat.ended && stat.started == self.started)
    }

    /// Processor time in user space, in the kernel's ticks; 0 when it is gone.
    pub(crate) fn user_ticks(&self) -> u64 {
        stat(self.pid).map_or(0, |stat| stat.user_ticks)
    }

    /// SIGKILL; one that is gone already is no error.
    pub(crate) fn kill(&self) {
        kill(self.pid);
    }

    /// A path below `/proc/PID`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.pid))
    }

    /// A field of each thread's status.
    pub(crate) fn of_each_thread(&self, field: &str) -> Vec<String> {
        let Ok(tasks) = fs::read_dir(self.path("task")) else {
            return Vec::new();
        };
        let value = |text: String| {
            let mut lines = text.lines();
            lines.find_map(|line| {
                Some(
                    line.strip_prefix(field)?
                        .strip_prefix(':')?
                        .trim()
                        .to_owned(),
                )
            })
        };
        tasks
            .filter_map(|task| value(fs::read_to_string(task.ok()?.path().join("status")).ok()?))
            .collect()
    }
}

/// SIGKILL to a pid.
pub(crate) fn kill(pid: i32) {
    use nix::sys::signal::{Signal, kill};
    // ESRCH: gone already.
    let _ = kill(nix::unistd::Pid::from_raw(pid), Signal::SIGKILL);
}
