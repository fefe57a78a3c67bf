//! The host before and after the attacks: what an attacker would have left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::attack::{KEY, MARK, steps};
use crate::dangerous;
use crate::master::Jail;

pub(crate) fn the_host_sees_nothing_of_an_attack() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    // The launcher and the zygote; and one child, so that the count is known to see children.
    let processes = descendants(jail.launcher_pid());
    assert_eq!(processes.len(), 2, "before: {processes:?}");
    let child = jail.spawn();
    assert_eq!(descendants(jail.launcher_pid()).len(), 3, "with one child");
    jail.run(child, &steps([]));
    jail.end(child);
    let descriptors = own_descriptors();
    let names = uts_names();

    let attempts = dangerous::all();
    jail.attack_all(attempts.iter().map(|attempt| &attempt.attack));

    assert_eq!(descendants(jail.launcher_pid()), processes, "processes");
    assert_eq!(own_descriptors(), descriptors, "the master's descriptors");
    assert_eq!(uts_names(), names, "the host's names");
    let mounts = read("/proc/self/mountinfo");
    assert!(
        !mounts.contains(MARK),
        "a mount of the attacker's:\n{mounts}"
    );
    for folder in ["/tmp", "/", "/dev/shm", "/dev/mqueue", "."] {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let marked = entries.filter(|e| e.file_name().to_string_lossy().contains(MARK));
        assert_eq!(marked.count(), 0, "a file of the attacker's in {folder}");
    }
    let key = KEY.to_string();
    for kind in ["shm", "msg", "sem"] {
        let objects = read(&format!("/proc/sysvipc/{kind}"));
        let keys = objects
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        assert_eq!(
            keys.filter(|k| *k == key).count(),
            0,
            "{kind} of the attacker's"
        );
    }
    let swaps = read("/proc/swaps");
    assert!(
        !swaps.contains(MARK),
        "a swap file of the attacker's:\n{swaps}"
    );
}

/// A file's text; empty where this kernel has no such file.
fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn uts_names() -> [String; 2] {
    ["hostname", "domainname"].map(|name| read(&format!("/proc/sys/kernel/{name}")))
}

/// The open descriptors of this process and what each is.
fn own_descriptors() -> BTreeMap<String, String> {
    let entries = fs::read_dir("/proc/self/fd").expect("a /proc").flatten();
    let described = entries.filter_map(|entry| {
        let target = fs::read_link(entry.path()).ok()?;
        let number = entry.file_name().to_string_lossy().into_owned();
        Some((number, target.to_string_lossy().into_owned()))
    });
    // The descriptor that reads the list is gone when it is asked about, or is the list itself.
    described
        .filter(|(_, target)| !target.ends_with("/fd"))
        .collect()
}

/// The process `first` and all its descendants, by their numbers.
fn descendants(first: u32) -> BTreeSet<u32> {
    let mut parents = BTreeMap::new();
    for entry in fs::read_dir("/proc").expect("a /proc").flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let stat = read(&format!("/proc/{pid}/stat"));
        // The name before it is in brackets and may hold anything.
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let parent = after_name.split_whitespace().nth(1);
        if let Some(parent) = parent.and_then(|parent| parent.parse::<u32>().ok()) {
            parents.insert(pid, parent);
        }
    }
    let mut found = BTreeSet::from([first]);
    loop {
        let more = parents.iter().filter(|(_, parent)| found.contains(parent));
        let more: BTreeSet<u32> = more.map(|(pid, _)| *pid).collect();
        if more.is_subset(&found) {
            return found;
        }
        found.extend(more);
    }
}
