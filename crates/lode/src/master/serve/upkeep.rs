//! The worker's upkeep: leases extended or lost, its control group.

use anyhow::{Result, bail};
use lode_jail::Cgroup;
use lode_queue::LeaseRef;

use super::{Back, Server};
use crate::config::{CgroupMode, Config};

/// The control group of this worker's children, as far as the host and the configuration give one.
pub(super) fn cgroup(config: &Config) -> Result<Option<Cgroup>> {
    let mode = config.jail.cgroup;
    if mode == CgroupMode::Off {
        return Ok(None);
    }
    match Cgroup::create(&config.cgroup_limits()) {
        Ok(group) => {
            tracing::info!(group = group.describe(), "control group");
            Ok(Some(group))
        }
        Err(reason) if mode == CgroupMode::Auto => {
            tracing::info!(
                reason,
                "no control group; the memory of each child is watched"
            );
            Ok(None)
        }
        Err(reason) => bail!("jail.cgroup is \"require\", but: {reason}"),
    }
}

impl Server {
    /// Another worker has the job: ours must not go on.
    pub(super) fn lost(&mut self, lease: &LeaseRef) {
        let job = self
            .running
            .iter()
            .find(|(_, running)| running.lease.token == lease.token);
        if let Some(job) = job.map(|(job, _)| *job) {
            tracing::warn!(
                job = lease.job_id,
                "the lease was lost; the job is stopped here"
            );
            self.shell.lease_lost(job);
        } else if self
            .reading
            .values()
            .any(|read| read.lease.token == lease.token)
        {
            self.lost_early.insert(lease.token.clone());
        }
    }

    pub(super) fn extend(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let leases: Vec<LeaseRef> = self.held.values().cloned().collect();
        let clerk = self.clerk.clone();
        self.tasks
            .spawn(async move { Back::Extended(clerk.extend(leases).await) });
    }
}
