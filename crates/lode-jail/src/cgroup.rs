//! Control groups: the kernel's bound on what all processes of a worker use together.
//!
//! A group of its own below the worker's, where the host lets us make one: in version 2 a
//! delegated subtree (systemd: `Delegate=yes`), in version 1 the folders of each controller. The
//! bound of one job is its own (`RLIMIT_DATA`, the master's watch); this one is for the sum.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What all children of a worker may use together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CgroupLimits {
    /// Memory in bytes.
    pub memory_max_bytes: u64,
    /// Processes and threads.
    pub pids_max: u64,
    /// Weight on a busy processor, 1 to 10,000; what is in no group of ours has 100.
    pub cpu_weight: u64,
    /// Processor time in percent of one processor; 0 for no bound.
    pub cpu_max_percent: u64,
}

/// Which kind of hierarchy a group is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// A group of this worker, removed when dropped and empty.
#[derive(Debug)]
pub struct Cgroup {
    version: Version,
    /// One folder in version 2, one for each controller in version 1.
    folders: Vec<PathBuf>,
}

const CONTROLLERS: [&str; 3] = ["memory", "pids", "cpu"];
/// Folders of ours begin with this; the worker's pid follows.
const PREFIX: &str = "lode-";

impl Cgroup {
    /// Makes a group with these limits. The error says why the host does not give one.
    pub fn create(limits: &CgroupLimits) -> Result<Self, String> {
        let (own, mounts) = own_groups()?;
        let two = version_two(&own, &mounts)
            .ok_or_else(|| "no cgroup2 hierarchy".to_owned())
            .and_then(|home| Self::in_version_two(&home, limits));
        two.or_else(|why_not_two| {
            Self::in_version_one(&own, &mounts, limits).map_err(|why_not_one| {
                format!("version 2: {why_not_two}; version 1: {why_not_one}")
            })
        })
    }

    /// What [`Self::create`] would give, in words, without moving this process anywhere.
    pub fn probe(limits: &CgroupLimits) -> Result<String, String> {
        let (own, mounts) = own_groups()?;
        let writable = |home: &Path| {
            let path = home.join("cgroup.procs");
            let opened = fs::OpenOptions::new().write(true).open(&path);
            opened.map_err(|error| format!("{}: {error}", path.display()))
        };
        let two = version_two(&own, &mounts)
            .ok_or_else(|| "no cgroup2 hierarchy".to_owned())
            .and_then(|home| {
                offers_all(&home)?;
                writable(&home)?;
                Ok(format!("cgroup v2: below {}", home.display()))
            });
        // In version 1 a group is a folder like any other: made, and gone again.
        two.or_else(|_| Self::create(limits).map(|group| group.describe()))
    }

    fn in_version_two(home: &Path, limits: &CgroupLimits) -> Result<Self, String> {
        offers_all(home)?;
        // Controllers can be handed down only by a group without processes of its own: we move
        // into a leaf first.
        let master = home.join(format!("{PREFIX}master-{}", std::process::id()));
        let group = Self::make(Version::Two, vec![master.clone(), folder(home)])?;
        put(&master, "cgroup.procs", std::process::id())?;
        put(home, "cgroup.subtree_control", "+memory +pids +cpu")?;
        let jobs = &group.folders[1];
        put(jobs, "memory.max", limits.memory_max_bytes)?;
        put(jobs, "memory.oom.group", 0)?;
        put(jobs, "pids.max", limits.pids_max)?;
        put(jobs, "cpu.weight", limits.cpu_weight)?;
        if limits.cpu_max_percent > 0 {
            put(
                jobs,
                "cpu.max",
                format!("{} 100000", limits.cpu_max_percent * 1000),
            )?;
        }
        // Swap would turn a bound on memory into a slow machine; not every kernel counts it.
        let _ = put(jobs, "memory.swap.max", 0);
        Ok(group)
    }

    fn in_version_one(own: &str, mounts: &str, limits: &CgroupLimits) -> Result<Self, String> {
        let homes: Result<Vec<PathBuf>, String> = CONTROLLERS
            .into_iter()
            .map(|name| {
                version_one(own, mounts, name).ok_or_else(|| format!("no {name} controller"))
            })
            .collect();
        let folders = homes?.iter().map(|home| folder(home)).collect();
        let group = Self::make(Version::One, folders)?;
        let [memory, pids, cpu] = group.folders.as_slice() else {
            return Err("a controller is missing".to_owned());
        };
        put(memory, "memory.limit_in_bytes", limits.memory_max_bytes)?;
        put(pids, "pids.max", limits.pids_max)?;
        // 1,024 shares there are a weight of 100 here.
        put(cpu, "cpu.shares", (limits.cpu_weight * 1024 / 100).max(2))?;
        if limits.cpu_max_percent > 0 {
            put(cpu, "cpu.cfs_quota_us", limits.cpu_max_percent * 1000)?;
        }
        Ok(group)
    }

    fn make(version: Version, folders: Vec<PathBuf>) -> Result<Self, String> {
        let group = Self { version, folders };
        for folder in &group.folders {
            if let Some(home) = folder.parent() {
                remove_stale(home);
            }
            match fs::create_dir(folder) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(format!("{}: {error}", folder.display())),
            }
        }
        Ok(group)
    }

    /// The folders that bound the jobs.
    fn of_jobs(&self) -> &[PathBuf] {
        match self.version {
            Version::One => &self.folders,
            Version::Two => &self.folders[1..],
        }
    }

    /// Puts a process, and all that it will fork, into the group.
    pub fn adopt(&self, pid: u32) -> io::Result<()> {
        for folder in self.of_jobs() {
            fs::write(folder.join("cgroup.procs"), pid.to_string())?;
        }
        Ok(())
    }

    /// How often the kernel has killed a process of the group for want of memory.
    #[must_use]
    pub fn memory_kills(&self) -> u64 {
        let (folder, file) = match self.version {
            Version::One => (&self.folders[0], "memory.oom_control"),
            Version::Two => (&self.folders[1], "memory.events"),
        };
        let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
        let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        count
            .and_then(|count| count.trim().parse().ok())
            .unwrap_or(0)
    }

    /// What it is, for `lode doctor` and the log.
    #[must_use]
    pub fn describe(&self) -> String {
        let version = match self.version {
            Version::One => "cgroup v1",
            Version::Two => "cgroup v2",
        };
        let folders: Vec<String> = self
            .of_jobs()
            .iter()
            .map(|f| f.display().to_string())
            .collect();
        format!("{version}: {}", folders.join(", "))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // One with processes in it stays; the next worker removes it when they are gone.
        for folder in &self.folders {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// The groups of this process, and the mounts by which they are found.
fn own_groups() -> Result<(String, String), String> {
    let read = |path| fs::read_to_string(path).map_err(|error| error.to_string());
    Ok((read("/proc/self/cgroup")?, read("/proc/self/mountinfo")?))
}

/// Fails unless the group has every controller to hand down.
fn offers_all(home: &Path) -> Result<(), String> {
    let offered = fs::read_to_string(home.join("cgroup.controllers")).map_err(|e| e.to_string())?;
    let missing: Vec<&str> = CONTROLLERS
        .into_iter()
        .filter(|name| !offered.split_whitespace().any(|offer| offer == *name))
        .collect();
    if !missing.is_empty() {
        return Err(format!("{} lacks {}", home.display(), missing.join(", ")));
    }
    Ok(())
}

fn folder(home: &Path) -> PathBuf {
    home.join(format!("{PREFIX}{}", std::process::id()))
}

/// Removes groups of workers that are gone. A folder with processes in it cannot be removed.
fn remove_stale(home: &Path) {
    let Ok(entries) = fs::read_dir(home) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let pid = pid.map(|pid| pid.trim_start_matches("master-"));
        let gone = pid
            .and_then(|pid| pid.parse::<u32>().ok())
            .is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists());
        if gone {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

fn put(folder: &Path, file: &str, value: impl ToString) -> Result<(), String> {
    let path = folder.join(file);
    fs::write(&path, value.to_string()).map_err(|error| format!("{}: {error}", path.display()))
}

/// The folder of this process's group in the version 2 hierarchy.
fn version_two(own: &str, mounts: &str) -> Option<PathBuf> {
    let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    let mount = mounts
        .lines()
        .find_map(|line| mount_of(line, "cgroup2", None))?;
    Some(join(&mount, path))
}

/// The folder of this process's group in the version 1 hierarchy of a controller.
fn version_one(own: &str, mounts: &str, controller: &str) -> Option<PathBuf> {
    let path = own.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let controllers = fields.next()?;
        let path = fields.next()?;
        controllers
            .split(',')
            .any(|name| name == controller)
            .then_some(path)
    })?;
    let mount = mounts
        .lines()
        .find_map(|line| mount_of(line, "cgroup", Some(controller)))?;
    Some(join(&mount, path))
}

fn join(mount: &str, path: &str) -> PathBuf {
    Path::new(mount).join(path.trim_start_matches('/'))
}

/// The place of a line of mountinfo, if it is of this kind: `36 35 98:0 / /place opts - type dev super`.
fn mount_of(line: &str, kind: &str, controller: Option<&str>) -> Option<String> {
    let (left, right) = line.split_once(" - ")?;
    let mut right = right.split(' ');
    let right_kind = right.next()? == kind;
    let options = right.nth(1)?;
    let wanted = controller.is_none_or(|name| options.split(',').any(|option| option == name));
    let place = left.split(' ').nth(4)?;
    (right_kind && wanted).then(|| place.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
30 25 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
33 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";

    #[test]
    fn the_worker_s_own_folders_are_found_in_both_hierarchies() {
        let own = "5:cpu,cpuacct:/a\n4:memory:/b/c\n0::/d";
        let one = |name| version_one(own, MOUNTS, name);
        assert_eq!(one("cpu"), Some("/sys/fs/cgroup/cpu,cpuacct/a".into()));
        assert_eq!(one("memory"), Some("/sys/fs/cgroup/memory/b/c".into()));
        assert_eq!(one("pids"), None);
        let two = version_two(own, MOUNTS);
        assert_eq!(two, Some("/sys/fs/cgroup/unified/d".into()));
    }
}
