//! What a process must look like before it may fork a live V8: one thread, every page inherited.

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};

use nix::sys::resource::{Resource, setrlimit};
use nix::time::{ClockId, clock_gettime};

use crate::sys;

/// Writable private memory of the zygote, in bytes: what a child has before its job.
static INHERITED_BYTES: AtomicU64 = AtomicU64::new(0);

/// In a child: lets its writable private memory grow by `extra` bytes and no further, whatever
/// asks for it (`RLIMIT_DATA`; never `RLIMIT_AS`, since V8 reserves much more than it uses). An
/// allocation beyond it fails, and V8 then gives up with [`lode_proto::ChildExit::OutOfMemory`].
pub fn limit_memory(extra: u64) -> io::Result<()> {
    let bytes = INHERITED_BYTES
        .load(Ordering::Relaxed)
        .saturating_add(extra);
    setrlimit(Resource::RLIMIT_DATA, bytes, bytes)?;
    Ok(())
}

/// In a child: lets it use `ms` milliseconds of processor time more and a little, whatever it does
/// (`RLIMIT_CPU` counts whole seconds). The kernel then ends it with SIGXCPU.
pub fn limit_cpu(ms: u64) -> io::Result<()> {
    let used_ms = process_cpu_us() / 1000;
    let seconds = (used_ms + ms).div_ceil(1000) + 1;
    // Hard above soft: SIGXCPU says what it was, SIGKILL one second later does not ask.
    setrlimit(Resource::RLIMIT_CPU, seconds, seconds + 1)?;
    Ok(())
}

/// CPU time of this process in microseconds, all threads.
#[must_use]
pub fn process_cpu_us() -> u64 {
    clock_us(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

/// CPU time of the calling thread in microseconds. Exact at any instant: once `RLIMIT_CPU` is set, the
/// process's clock moves with the kernel's tick only.
#[must_use]
pub fn thread_cpu_us() -> u64 {
    clock_us(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

fn clock_us(clock: ClockId) -> u64 {
    clock_gettime(clock).map_or(0, |time| {
        time.tv_sec().unsigned_abs() * 1_000_000 + time.tv_nsec().unsigned_abs() / 1000
    })
}

/// `/proc/self/…` files, opened while there still is a `/proc`, read later.
#[derive(Debug)]
pub(crate) struct OwnProc {
    smaps: File,
    status: File,
}

impl OwnProc {
    /// Opens both; later reads show this process as it is then.
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self {
            smaps: File::open("/proc/self/smaps")?,
            status: File::open("/proc/self/status")?,
        })
    }

    /// Fails unless the process has exactly one thread: forking any other is unsound. Notes the
    /// memory that every child starts with.
    pub(crate) fn check_single_thread(&mut self) -> io::Result<()> {
        let mut text = String::new();
        self.status.read_to_string(&mut text)?;
        let field = |name| {
            text.lines()
                .find_map(|line| line.strip_prefix(name))
                .map(str::trim)
        };
        let data = field("VmData:").and_then(|value| value.strip_suffix("kB"));
        let kib: u64 = data
            .and_then(|kib| kib.trim().parse().ok())
            .ok_or_else(|| io::Error::other("/proc/self/status has no VmData"))?;
        INHERITED_BYTES.store(kib << 10, Ordering::Relaxed);
        let threads = field("Threads:");
        if threads == Some("1") {
            return Ok(());
        }
        let count = threads.unwrap_or("an unknown number of");
        Err(io::Error::other(format!(
            "the zygote has {count} threads, it must have one"
        )))
    }

    /// Undoes `MADV_DONTFORK` wherever it stands (V8's pages): a child that touches such a page
    /// would die of SIGSEGV.
    pub(crate) fn inherit_every_page(&mut self) -> io::Result<()> {
        let mut text = String::new();
        self.smaps.read_to_string(&mut text)?;
        for (start, end) in dont_fork_ranges(&text) {
            sys::inherit_pages(start, end)?;
        }
        Ok(())
    }
}

/// The ranges of an smaps text whose flags hold `dc` (do not copy on fork).
fn dont_fork_ranges(smaps: &str) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let mut current = None;
    for line in smaps.lines() {
        if let Some(range) = header(line) {
            current = Some(range);
        } else if let Some(flags) = line.strip_prefix("VmFlags:")
            && flags.split_whitespace().any(|flag| flag == "dc")
        {
            ranges.extend(current);
        }
    }
    ranges
}

/// `55d0c0000000-55d0c0021000 rw-p …` as two addresses.
fn header(line: &str) -> Option<(usize, usize)> {
    let (range, _) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    Some((
        usize::from_str_radix(start, 16).ok()?,
        usize::from_str_radix(end, 16).ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ranges_flagged_dc_are_found() {
        let smaps = "1000-2000 rw-p 0 00:00 0 \nSize: 4 kB\nVmFlags: rd wr mr dc ac\n\
                     3000-5000 rw-p 0 00:00 0 [heap]\nVmFlags: rd wr mr ac\n";
        assert_eq!(dont_fork_ranges(smaps), [(0x1000, 0x2000)]);
    }
}
