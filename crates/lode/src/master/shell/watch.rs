//! What the master sees children do that no child of ours does: forbidden calls, too much memory.

use lode_core::{Breach, ChildId, ZygoteId};
use lode_jail::{
    Cgroup, ChildHandle, ForbiddenCall, call_name, parent_of_process, process_of_thread,
};
use lode_proto::ExitCause;

use super::Shell;

/// Memory beyond a job's limit at which the watch steps in, in bytes: what a child shares with its
/// zygote counts as its own in the kernel's figure. The limit itself is the kernel's to hold.
const SHARED_BYTES: u64 = 64 << 20;

impl Shell {
    /// A process of this zygote's waits in the kernel for a call that it may not make. It only
    /// ever leaves from there by being killed.
    pub(super) fn forbidden_call(&mut self, zygote: ZygoteId, call: ForbiddenCall) {
        let Some(process) = process_of_thread(call.thread) else {
            return; // gone meanwhile
        };
        let name = call_name(call.number);
        let child = self.children.iter().find(|(_, entry)| {
            let handle = entry.handle.as_ref().filter(|_| entry.zygote == zygote);
            handle.and_then(ChildHandle::pid) == Some(process)
        });
        if let Some(child) = child.map(|(child, _)| *child) {
            return self.child_broke(child, Breach::ForbiddenCall, name);
        }
        tracing::error!(
            zygote = zygote.0,
            name,
            process,
            "a forbidden system call outside of any job"
        );
        let Some(entry) = self.zygotes.get_mut(&zygote) else {
            return;
        };
        // A child that we know nothing of waits until it is reaped, or until its start has taken
        // too long. The zygote itself would wait for ever.
        let launcher = i32::try_from(entry.process.pid()).ok();
        if parent_of_process(process) == launcher {
            entry.process.kill();
        }
    }

    /// Looks at the memory of each child that runs a job.
    pub(super) fn watch_memory(&mut self) {
        let over: Vec<(ChildId, u64, u64)> = self
            .children
            .iter()
            .filter_map(|(child, entry)| {
                let limit = self.jobs.get(&entry.job?)?.memory_limit_bytes;
                let resident = entry.handle.as_ref()?.resident_bytes()?;
                (resident > limit + SHARED_BYTES).then_some((*child, resident, limit))
            })
            .collect();
        for (child, resident, limit) in over {
            let reason = format!("{resident} bytes resident, allowed are {limit}");
            self.child_broke(child, Breach::Memory, reason);
        }
    }

    /// A child's end in the light of what else is known: a trapped call, its memory, its CPU time,
    /// the kernel's own kills in the control group.
    pub(super) fn judge(
        &mut self,
        child: ChildId,
        status: i32,
        cpu_us: u64,
        rss_peak_bytes: u64,
    ) -> ExitCause {
        let cause = ExitCause::from_wait_status(status);
        if let ExitCause::UnknownCode(code) = cause
            && let Some(name) = lode_jail::trapped_call_name(code)
        {
            self.child_broke(child, Breach::ForbiddenCall, name);
            return cause;
        }
        let entry = self.children.get(&child);
        let killed = entry.is_some_and(|entry| entry.killed);
        let job = entry.and_then(|entry| entry.job);
        let limits = job
            .and_then(|job| self.jobs.get(&job))
            .map(|job| (job.memory_limit_bytes, job.cpu_limit_us));
        if cause == ExitCause::KILLED && !killed {
            // SIGXCPU can be blocked; the SIGKILL that follows it cannot.
            if limits.is_some_and(|(_, cpu_limit_us)| cpu_us > cpu_limit_us) {
                return ExitCause::CPU_LIMIT;
            }
            if self.was_killed_for_memory() {
                return ExitCause::KILLED_FOR_MEMORY;
            }
        }
        limits.map_or(cause, |(memory, _)| {
            cause.with_memory(rss_peak_bytes, memory)
        })
    }

    /// True when the kernel has killed for want of memory, and that death is not accounted for yet.
    fn was_killed_for_memory(&mut self) -> bool {
        let kills = self.cgroup.as_ref().map_or(0, Cgroup::memory_kills);
        let more = kills > self.memory_kills;
        self.memory_kills += u64::from(more);
        more
    }
}
