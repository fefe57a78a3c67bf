//! `Cpu`: the CPU time of a worker's processes, ended ones included, from `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Sub;

use anyhow::{Context, Result};

/// Milliseconds of one tick in `/proc/PID/stat`: USER_HZ is 100 for every program on Linux.
const TICK_MS: u64 = 10;

/// CPU time in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cpu {
    pub(crate) master_ms: u64,
    /// The launcher and the zygote: forking and reaping.
    pub(crate) zygote_ms: u64,
    pub(crate) children_ms: u64,
}

/// One process: its parent, its own time, and that of the children it has reaped.
struct Stat {
    parent: u32,
    own_ms: u64,
    reaped_ms: u64,
}

impl Cpu {
    /// What the process `master` and everything below it has used so far.
    pub(crate) fn of_worker(master: u32) -> Result<Self> {
        let stats = all_stats()?;
        let root = stats.get(&master).context("the worker has ended")?;
        let mut cpu = Self {
            master_ms: root.own_ms,
            // Zygotes that have been replaced.
            zygote_ms: root.reaped_ms,
            children_ms: 0,
        };
        for launcher in below(&stats, master) {
            let zygote = Self::of_launcher_in(&stats, launcher);
            cpu.zygote_ms += zygote.zygote_ms;
            cpu.children_ms += zygote.children_ms;
        }
        Ok(cpu)
    }

    /// The same of a zygote that no master has started: `launcher` and everything below it.
    pub(crate) fn of_launcher(launcher: u32) -> Result<Self> {
        Ok(Self::of_launcher_in(&all_stats()?, launcher))
    }

    fn of_launcher_in(stats: &BTreeMap<u32, Stat>, launcher: u32) -> Self {
        let mut cpu = Self::default();
        cpu.zygote_ms += stats.get(&launcher).map_or(0, |stat| stat.own_ms);
        for zygote in below(stats, launcher) {
            let stat = &stats[&zygote];
            cpu.zygote_ms += stat.own_ms;
            cpu.children_ms += stat.reaped_ms;
            cpu.children_ms += below(stats, zygote)
                .map(|pid| stats[&pid].own_ms)
                .sum::<u64>();
        }
        cpu
    }

    pub(crate) fn total_ms(self) -> u64 {
        self.master_ms + self.zygote_ms + self.children_ms
    }
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            master_ms: self.master_ms.saturating_sub(earlier.master_ms),
            zygote_ms: self.zygote_ms.saturating_sub(earlier.zygote_ms),
            children_ms: self.children_ms.saturating_sub(earlier.children_ms),
        }
    }
}

fn below(stats: &BTreeMap<u32, Stat>, parent: u32) -> impl Iterator<Item = u32> {
    let children = stats.iter().filter(move |(_, stat)| stat.parent == parent);
    children.map(|(pid, _)| *pid)
}

fn all_stats() -> Result<BTreeMap<u32, Stat>> {
    let mut stats = BTreeMap::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process may end while the list is read.
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if let Some(stat) = parse(&text) {
            stats.insert(pid, stat);
        }
    }
    Ok(stats)
}

/// Reads `pid (name) state ppid …`; the name may hold anything, brackets included.
fn parse(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own_ms: (ticks(11)? + ticks(12)?) * TICK_MS,
        reaped_ms: (ticks(13)? + ticks(14)?) * TICK_MS,
    })
}
